/** Findings with the lines of the change around them. Only who serves the page has those; a file has the reasons' excerpts. */
import type { CardProof } from "../../../../proto/card.ts";
import type { ChangeContextReply, ContextLine, FindingContext } from "../../../../proto/cards.ts";
import { ChangeContextReply as ContextSchema } from "../../../../proto/cards.ts";
import { FindingsReply, type CheckFinding } from "../../../../proto/findings.ts";
import { Value } from "@sinclair/typebox/value";
import { plural } from "../../../verifier/words/card.ts";
import type { PageElement } from "../../page/dom.ts";
import { h } from "../../page/element.ts";
import type { Live } from "../../page/live.ts";
import { more, OPENED_LIMITS, part, said } from "./pieces.ts";
import type { PageCard } from "../model.ts";
import { gatePath, type Whole } from "./whole.ts";
import { visiblePath } from "../../../verifier/visible.ts";

const SIGNS: Readonly<Record<ContextLine["sign"], string>> = { "+": "added", "-": "removed", " ": "same" };

/** A finding is about lines of the new side. */
const isNamed = ({ start_line, end_line }: FindingContext, { new_line }: ContextLine): boolean => new_line !== null && new_line >= start_line && new_line <= end_line;

function lineRow(context: FindingContext, line: ContextLine): PageElement {
  const { sign, old_line, new_line, text, cut } = line;
  const named = isNamed(context, line);
  const cells = [old_line, new_line].map((number) => h("td", { class: "line-number" }, number === null ? "" : String(number)));
  const mark = h("td", { class: "sign" }, h("span", { "aria-hidden": "true" }, sign), h("span", { class: "unseen" }, SIGNS[sign]));
  return h("tr", { class: `diff ${SIGNS[sign]}${named ? " named" : ""}` }, h("td", { class: "pointer" }, named ? h("span", {}, h("span", { "aria-hidden": "true" }, "▶"), h("span", { class: "unseen" }, "found here")) : ""), ...cells, mark, h("td", { class: "source" }, said(text.replaceAll("\t", "  "), OPENED_LIMITS.line_chars_max), cut ? "…" : ""));
}

function contextTable(context: FindingContext): PageElement {
  if (context.lines.length === 0) return h("p", { class: "hint" }, said(context.because ?? "no lines are known"));
  const head = h("tr", {}, ...["Found", "Before", "After", "Change", "Line"].map((name) => h("th", { scope: "col" }, name)));
  return h("div", { class: "diff-box", tabindex: "0", role: "group", "aria-label": "Lines of the change" }, h("table", { class: "diff-lines" }, h("caption", { class: "unseen" }, "Lines of the change around it"), h("thead", { class: "unseen" }, head), h("tbody", {}, ...context.lines.map((line) => lineRow(context, line)))));
}

const keyOf = ({ check, rule, fingerprint }: Pick<FindingContext, "check" | "rule" | "fingerprint">): string => `${check}\n${rule}\n${fingerprint}`;

function findingOf({ check, finding }: CheckFinding, contexts: ReadonlyMap<string, FindingContext>): PageElement {
  const { rule, message, range, severity, baseline, excerpt, fix, fingerprint } = finding;
  const context = contexts.get(keyOf({ check, rule, fingerprint }));
  const where = range === null ? "about the change as a whole" : `${visiblePath(range.path)}:${range.start_line}`;
  const lines = context !== undefined ? [contextTable(context)] : excerpt === null ? [] : [h("pre", { class: "excerpt", tabindex: "0" }, said(excerpt))];
  return h(
    "li",
    { class: "finding" },
    h("p", { class: "reason-head" }, h("span", { class: "badge" }, severity), " ", h("code", { class: "rule" }, said(rule)), " ", h("span", { class: "hint" }, said(check), baseline === "new" || baseline === "not_compared" ? "" : ` – ${baseline}`)),
    h("p", { class: "because" }, said(message)),
    h("p", {}, h("code", {}, said(where))),
    ...lines,
    ...(fix === null ? [] : [h("p", { class: "hint" }, "Proposed: ", said(fix.description))]),
  );
}

/** Either is missing without taking the other along. */
function draw(into: PageElement, kept: FindingsReply, context: ChangeContextReply | null, because: string | null): void {
  const contexts = new Map((context?.findings ?? []).map((one) => [keyOf(one), one]));
  const { findings, cut } = kept;
  const shown = findings.slice(0, OPENED_LIMITS.rows_max);
  const rest = findings.length - shown.length + cut;
  into.replaceChildren(
    h("p", { class: "hint" }, findings.length === 0 ? "No check found anything." : `${plural(findings.length + cut, "finding")}, most severe first.`),
    ...(because === null ? [] : [h("p", { class: "hint" }, "Without the lines around them: ", said(because))]),
    h("ol", { class: "findings-list" }, ...shown.map((one) => findingOf(one, contexts))),
    ...(rest > 0 ? [more(rest)] : []),
  );
}

const OF_FILE = "A file holds the reasons' own excerpts and not the lines around each finding; maestro ui cards shows those, where the daemon still has the change.";
const hint = (...children: (PageElement | string)[]): PageElement => h("p", { class: "hint" }, ...children);

/** A gate's id means its newest attempt, and the digest of a bundle that very one. */
export const askedAs = ({ row: { gate_id }, proof }: { readonly row: Pick<PageCard, "gate_id">; readonly proof: Pick<CardProof, "bundle_sha256"> | null }): string | null => (proof === null ? gate_id : `sha256:${proof.bundle_sha256}`);

/** Why what came is not about this card; null where it is. */
export function ofAnother({ gate_id, attempt }: Pick<FindingsReply, "gate_id" | "attempt">, row: Pick<PageCard, "gate_id" | "attempt">): string | null {
  if (gate_id !== row.gate_id) return "What came is of another gate, so it is not shown.";
  return attempt === row.attempt ? null : `This card is attempt ${row.attempt}, and the daemon gave the findings of attempt ${attempt}, which are not shown here. Give the page what maestro gate --json printed of attempt ${row.attempt}: by the proof in it the daemon is asked for that very one.`;
}

/** `current` tells whether this card is still the one that is open. */
export function findingsPart(whole: Whole, live: Live | null, current: () => boolean): PageElement {
  const { row } = whole;
  const name = askedAs(whole);
  if (live === null || row.gate_id === null || name === null) return part("findings", "Findings", hint(OF_FILE));
  const into = h("div", { role: "group", "aria-busy": "true" }, hint("Asking for them…"));
  const ask = async (): Promise<void> => {
    const [found, around] = await Promise.all([live.daemon<unknown>(gatePath(name, "/findings")), live.daemon<unknown>(gatePath(name, "/context"))]);
    if (!current()) return;
    into.setAttribute("aria-busy", "false");
    if (!found.ok) return into.replaceChildren(hint(said(row.origin.kind === "file" ? `${OF_FILE} This daemon says: ${found.failure.said}` : found.failure.said)));
    if (!Value.Check(FindingsReply, found.value)) return into.replaceChildren(hint("The daemon's findings have a form that this page does not read; open it with the page of that Maestro."));
    const other = ofAnother(found.value, row);
    if (other !== null) return into.replaceChildren(hint(other));
    const context = around.ok && Value.Check(ContextSchema, around.value) && ofAnother(around.value, row) === null ? around.value : null;
    draw(into, found.value, context, context !== null ? null : around.ok ? "they have a form that this page does not read" : around.failure.said);
  };
  void ask();
  return part("findings", "Findings", into);
}
