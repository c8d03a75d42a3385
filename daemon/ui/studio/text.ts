/** The document as YAML: typed as one likes, with every mistake and where it is. */
import type { PlacedProblem } from "../../invariants/index.ts";
import type { PageTyped } from "../page/dom.ts";
import { elementOf, foreign, h } from "../page/element.ts";
import type { Studio } from "./studio.ts";

/** Where the line and column are in the text. */
export function offsetOf(text: string, line: number, column: number): number {
  let at = 0;
  for (let i = 1; i < line; i++) {
    const end = text.indexOf("\n", at);
    if (end < 0) return text.length;
    at = end + 1;
  }
  return Math.min(text.length, at + column - 1);
}

/** Where a place of the text before is in the one after: what stands behind the change goes with it, and what was in it is at its end. */
export function moved(before: string, after: string, at: number): number {
  const least = Math.min(before.length, after.length);
  let same = 0;
  while (same < least && before[same] === after[same]) same++;
  if (at <= same) return at;
  let end = 0;
  while (end < least - same && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  return at >= before.length - end ? at + after.length - before.length : after.length - end;
}

function problemItem(yaml: PageTyped, { line, column, path, message, fix }: PlacedProblem) {
  const place = h("button", { type: "button", class: "place" }, `${line}:${column}`);
  place.setAttribute("aria-label", `${line}:${column}, go to this line and column`);
  place.addEventListener("click", () => {
    const at = offsetOf(yaml.value, line, column);
    yaml.focus();
    yaml.setSelectionRange(at, at);
  });
  return h("li", {}, place, " ", h("span", { class: "what" }, ...(path === "" ? [] : [h("code", {}, foreign(path)), " "]), foreign(message)), " ", h("span", { class: "fix" }, foreign(fix)));
}

export function counted(mistakes: number, examples: boolean): string {
  if (mistakes > 0) return `${mistakes} ${mistakes === 1 ? "mistake" : "mistakes"}.`;
  return `No mistake: every type fits${examples ? ", and every example shows what it says." : ". There is no example yet."}`;
}

/** Said to a screen reader once it has been still for a moment, not with every key. */
const STILL_MS = 900;

export function mountText({ store, onLooked }: Studio): void {
  const yaml = elementOf("yaml") as PageTyped;
  const [count, spoken] = [elementOf("problems-count"), elementOf("problems-said")];
  const list = elementOf("problems");
  let timer: ReturnType<typeof setTimeout> | null = null;
  yaml.value = store.draft.text;
  yaml.addEventListener("input", () => store.act({ do: "type", text: yaml.value }));
  store.watch((draft) => {
    if (yaml.value === draft.text) return;
    const { value, selectionStart, selectionEnd, scrollLeft, scrollTop } = yaml;
    yaml.value = draft.text;
    yaml.setSelectionRange(moved(value, draft.text, selectionStart ?? 0), moved(value, draft.text, selectionEnd ?? 0));
    [yaml.scrollLeft, yaml.scrollTop] = [scrollLeft, scrollTop];
  });
  onLooked(({ problems }) => {
    list.replaceChildren(...problems.map((problem) => problemItem(yaml, problem)));
    const said = counted(problems.length, store.draft.value["examples"] !== undefined);
    count.textContent = said;
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(() => void (spoken.textContent !== said && (spoken.textContent = said)), STILL_MS);
  });
}
