/** Lines that differ, each with a sign beside its colour. */
import { diffLines, folded, type DiffLine } from "../keeping/diff.ts";
import { visible } from "../../../verifier/visible.ts";
import type { PageElement } from "../../page/dom.ts";
import { foreign, h } from "../../page/element.ts";

const SIGNS: Readonly<Record<DiffLine["kind"], readonly [sign: string, word: string]>> = { same: [" ", ""], out: ["\u2212", "taken out: "], in: ["+", "put in: "] };

function lineOf({ kind, text }: DiffLine): PageElement {
  const [sign, word] = SIGNS[kind];
  const bare = text.endsWith("\n") ? text.slice(0, -1) : text;
  const said = word === "" ? [] : [h("span", { class: "unseen" }, word)];
  const end = text.endsWith("\n") ? [] : [h("span", { class: "hint" }, " (no end of line)")];
  // Spaces stay what they are; whatever else cannot be seen is written out.
  return h("div", { class: `line ${kind}` }, h("span", { "aria-hidden": "true", class: "sign" }, sign), ...said, foreign(bare.split(" ").map(visible).join(" ")), ...end);
}

export function diffView(title: string, before: string, after: string): PageElement {
  const lines = diffLines(before, after);
  const [out, put] = (["out", "in"] as const).map((kind) => lines.filter((line) => line.kind === kind).length);
  const runs = folded(lines).flatMap((run) => ("alike" in run ? [h("div", { class: "line hint" }, `${run.alike} ${run.alike === 1 ? "line is" : "lines are"} the same`)] : run.lines.map(lineOf)));
  const count = out === 0 && put === 0 ? "nothing differs" : `${put} ${put === 1 ? "line" : "lines"} put in, ${out} taken out`;
  return h("figure", { class: "diff" }, h("figcaption", {}, `${title}: ${count}`), h("div", { class: "lines", tabindex: "0", role: "group", "aria-label": title }, ...runs));
}
