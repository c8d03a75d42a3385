/** The fields around the list: what they show follows from the view and from the cards, and what is chosen in them is the next view. */
import type { PageTyped } from "../page/dom.ts";
import { elementOf, h } from "../page/element.ts";
import { GROUP_KEYS } from "./group.ts";
import { ACTORS, shown, VERDICTS, type PageCard } from "./model.ts";
import { hasRisk, SORT_KEYS, SORT_WORDS } from "./order.ts";
import { SPANS, type Span, type View } from "./view.ts";

const OPTIONS_MAX = 200;

const oneOf = <T extends string>(values: readonly T[], text: string): T | null => values.find((value) => value === text) ?? null;

/** What choosing in each field makes of the view. */
const CHOICES = {
  verdict: (view, text) => ({ ...view, verdict: oneOf(VERDICTS, text) }),
  since: (view, text) => ({ ...view, since: oneOf(Object.keys(SPANS) as Span[], text) }),
  actor: (view, text) => ({ ...view, actor: oneOf(ACTORS, text) }),
  rule: (view, text) => ({ ...view, rule: text === "" ? null : text }),
  repository: (view, text) => ({ ...view, repository: text === "" ? null : text }),
  sort: (view, text) => ({ ...view, sort: oneOf(SORT_KEYS, text) ?? view.sort, direction: "down" }),
  direction: (view, text) => ({ ...view, direction: text === "up" ? "up" : "down" }),
  group: (view, text) => ({ ...view, group: oneOf(GROUP_KEYS, text), unfolded: [] }),
} as const satisfies Readonly<Record<string, (view: View, text: string) => View>>;
type Control = keyof typeof CHOICES;
const CONTROLS = Object.keys(CHOICES) as readonly Control[];

const fieldOf = (id: Control): PageTyped => elementOf(id) as PageTyped;

/** Values with how many cards have each, most first; the chosen one is there also where no card has it any more. */
function counted(cards: readonly PageCard[], valuesOf: (card: PageCard) => Iterable<string>, chosen: string | null): readonly (readonly [string, string])[] {
  const counts = new Map<string, number>();
  for (const card of cards) for (const value of valuesOf(card)) counts.set(value, (counts.get(value) ?? 0) + 1);
  if (chosen !== null && !counts.has(chosen)) counts.set(chosen, 0);
  const all = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const listed = all.filter(([value], i) => i < OPTIONS_MAX || value === chosen);
  const more = all.length - listed.length;
  return [["", "all"], ...listed.map(([value, count]) => [value, `${shown(value, 80)} (${count.toLocaleString("en")})`] as const), ...(more > 0 ? [["", `and ${more} more: search for them`] as const] : [])];
}

const filled = new Map<Control, string>();

/** Only where they are others: somebody may have them open. */
function fill(id: Control, options: readonly (readonly [string, string])[]): void {
  const says = JSON.stringify(options);
  if (filled.get(id) === says) return;
  filled.set(id, says);
  fieldOf(id).replaceChildren(...options.map(([value, text]) => h("option", { value }, text)));
}

/** Rules, repositories and orders that these cards have. */
export function fillControls(cards: readonly PageCard[], view: View): void {
  fill("rule", counted(cards, ({ reasons }) => new Set(reasons.map(({ rule }) => rule)), view.rule));
  fill("repository", counted(cards, ({ repository }) => [repository], view.repository));
  const keys = SORT_KEYS.filter((key) => key !== "risk" || hasRisk(cards) || view.sort === "risk");
  fill("sort", keys.map((key) => [key, SORT_WORDS[key].name]));
  showControls(view);
}

export function showControls(view: View): void {
  fill("direction", [["down", SORT_WORDS[view.sort].down], ["up", SORT_WORDS[view.sort].up]]);
  for (const id of CONTROLS) if (fieldOf(id).value !== (view[id] ?? "")) fieldOf(id).value = view[id] ?? "";
}

export function listenToControls(view: () => View, changed: (view: View) => void): void {
  for (const id of CONTROLS) fieldOf(id).addEventListener("change", () => changed(CHOICES[id](view(), fieldOf(id).value)));
}
