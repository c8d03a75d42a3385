/** Counterexamples of a verified bundle as tables of plain text: nothing of them is run, and every string is made visible. */
import type { Bundle } from "../../../../proto/bundle.ts";
import type { CexFields, CexStep, Counterexample } from "../../../../proto/counterexample.ts";
import { fromBase64, fromUtf8Lossy } from "../../../../proto/encoding.ts";
import { cexText, changedBy, readCex } from "../../../verifier/counterexample.ts";
import { visible, visiblePath } from "../../../verifier/visible.ts";
import { table, type Row, type Table } from "../answer.ts";

const PLACE = "counterexample/";
const DRAWN_MAX = 4;
const STEPS_DRAWN_MAX = 40;
const VALUE_CHARACTERS_MAX = 200;

const cut = (text: string): string => visible(text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX).toWellFormed()}...` : text);
const pairs = (fields: CexFields): string[][] => Object.entries(fields).map(([name, value]) => [visible(name), cut(cexText(value))]);

function stepRows(step: CexStep, at: number, before: CexStep | undefined): string[][] {
  const where = step.location === null ? "" : ` at ${visiblePath(step.location.path)}:${step.location.start_line}`;
  const head = [String(at), visible(`${step.action}${where}`)];
  const fields = pairs(changedBy(step, before));
  return fields.length === 0 ? [[...head, "", "nothing changes"]] : fields.map((pair, i) => (i === 0 ? [...head, ...pair] : ["", "", ...pair]));
}

/** The end is where it breaks, so a long trace loses its beginning, and says so. */
function traceRows(trace: readonly CexStep[]): string[][] {
  const from = Math.max(0, trace.length - STEPS_DRAWN_MAX);
  const rows = trace.slice(from).flatMap((step, i) => stepRows(step, from + i, i === 0 ? undefined : trace[from + i - 1]));
  return from === 0 ? rows : [["", `${from} earlier steps are left out here`, "", ""], ...rows];
}

function drawn({ invariant, message, inputs, trace, loop_at, stutter }: Counterexample): Table {
  const caption = visible(`${invariant} breaks: ${message}`);
  if (inputs !== null) return table(caption, ["Input", "Value"], pairs(inputs));
  const end = loop_at !== null ? [["", `and back to step ${loop_at}, for ever`, "", ""]] : stutter ? [["", "and nothing happens any more", "", ""]] : [];
  return table(caption, ["Step", "Action", "Variable", "Value"], [...traceRows(trace ?? []), ...end]);
}

/** Only what says of itself that it was seen to break is drawn. */
export function counterexampleTables(documents: NonNullable<Bundle["documents"]>): { readonly count: number; readonly rows: readonly Row[]; readonly tables: readonly Table[] } {
  const found = documents.filter(({ name }) => name.startsWith(PLACE));
  const read = found.map(({ name, content }) => ({ name, cex: readCex(fromUtf8Lossy(fromBase64(content) ?? new Uint8Array(0))) }));
  const shown = read.slice(0, DRAWN_MAX).flatMap(({ cex }) => (cex?.replay.verdict === "reproduced" ? [cex] : []));
  const others = read.slice(0, DRAWN_MAX).filter(({ cex }) => cex?.replay.verdict !== "reproduced");
  const rows = [
    ...shown.map(({ invariant, engine, replay }) => ({ label: visible(invariant), value: visible(`found by ${engine}; see it with ${replay.command.join(" ")}`) })),
    ...others.map(({ name }) => ({ label: visible(name), value: "no counterexample that was seen to break; not drawn" })),
    ...(found.length > DRAWN_MAX ? [{ label: "Not drawn", value: `${found.length - DRAWN_MAX} more; maestro cex show BUNDLE prints them` }] : []),
  ];
  return { count: found.length, rows, tables: shown.map(drawn) };
}
