/** Rows of decided gates for a terminal: one line each, and under it what it hangs on. */
import type { CardRow } from "../../../proto/cards.ts";
import { costText } from "../../verifier/words/card.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import type { Sort } from "./reading.ts";
import { visiblePath } from "../../verifier/visible.ts";

const HEAD_CHARACTERS = 9;
const BECAUSE_CHARACTERS = 100;
const REPOSITORY_CHARACTERS = 40;
const ORDER: Readonly<Record<Sort, string>> = { newest: "newest first", cost: "dearest first", time: "slowest first", lines: "largest first" };
const MARKS = { utf8: { refuse: "✗", hold: "!", admit: "✓", cut: "…" }, ascii: { refuse: "x", hold: "!", admit: "+", cut: "..." } } as const;

export interface Listing {
  readonly rows: readonly CardRow[];
  /** How many were looked at. */
  readonly looked: number;
  readonly shown_max: number;
  readonly sort: Sort;
  /** Such as `in the last 7d`. */
  readonly when: string;
  /** What a row is to be, in words; empty: anything. */
  readonly filter: string;
}

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`;
const money = ({ cost: { whole_micro_usd } }: CardRow): string => (whole_micro_usd === null ? "not reported" : costText({ cost: { reported: true, micro_usd: whole_micro_usd } }));
const seconds = (us: number): string => `${(us / 1e6).toFixed(us < 10e6 ? 2 : 0)} s`;

/** What it hangs on: its first reason of the effect that it has, and how many more there are. */
function decisive({ verdict, reasons, counts }: CardRow): { readonly reason: CardRow["reasons"][number]; readonly more: number } | null {
  if (verdict === "admit") return null;
  const reason = reasons.find(({ effect, observed }) => effect === verdict && !observed);
  return reason === undefined ? null : { reason, more: counts[verdict] - 1 };
}

export function listingText({ rows, looked, shown_max, sort, when, filter }: Listing, options: { readonly ascii: boolean }): string {
  const marks = options.ascii ? MARKS.ascii : MARKS.utf8;
  const cut = (text: string, characters: number): string => (text.length <= characters ? text : `${text.slice(0, characters).toWellFormed()}${marks.cut}`);
  const escape = (text: string, characters: number): string => escapeTerminal(cut(text, characters), options);
  const lines = (row: CardRow): string[] => {
    const { verdict, at, actor, repository, head, title, total_us, added_lines, removed_lines, checks, released } = row;
    const why = decisive(row);
    const missing = checks.unavailable.map(({ check }) => check);
    return [
      `  ${marks[verdict]} ${verdict.padEnd(6)}  ${money(row).padStart(12)}  ${seconds(total_us).padStart(8)}  ${at.replace("T", " ").slice(0, 16)}  ${actor.class.padEnd(7)}  ${escape(repository, REPOSITORY_CHARACTERS)} ${head.slice(0, HEAD_CHARACTERS)} +${added_lines} -${removed_lines}`,
      `      ${escape(title, BECAUSE_CHARACTERS)}`,
      ...(why === null ? [] : [`      ${why.reason.rule}: ${escape(why.reason.because, BECAUSE_CHARACTERS)}${why.reason.path === null ? "" : ` (${escapeTerminal(visiblePath(cut(why.reason.path, BECAUSE_CHARACTERS)), options)})`}${why.more > 0 ? ` and ${why.more} more` : ""}`]),
      ...(missing.length === 0 ? [] : [`      unavailable: ${missing.join(" ")}`]),
      ...(released.length === 0 ? [] : [`      released by ${released.map(({ person, kind }) => `${escape(person, BECAUSE_CHARACTERS)} (${kind})`).join(", ")}`]),
    ];
  };
  const unpriced = rows.filter(({ cost }) => cost.whole_micro_usd === null).length;
  const shown = rows.slice(0, shown_max);
  return [
    `${counted(looked, "decided gate")} ${when}${filter === "" ? "" : `, ${rows.length} of them ${filter}`}; ${ORDER[sort]}, times in UTC`,
    ...(sort === "cost" && unpriced > 0 ? [`  ${marks.hold} of ${unpriced} nobody reported a cost: they come last`] : []),
    ...(shown.length === 0 ? ["", "  none"] : ["", ...shown.flatMap(lines)]),
    ...(rows.length > shown.length ? ["", `  ${rows.length - shown.length} more; --limit shows more of them, --out FILE writes all`] : []),
    ...(shown.length === 0 ? [] : ["", `maestro card ${shown[0]?.head.slice(0, HEAD_CHARACTERS)} shows the first one whole; \`maestro ui cards\` shows them in a browser`]),
  ].join("\n");
}
