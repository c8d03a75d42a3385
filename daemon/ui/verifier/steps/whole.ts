/** What a file of everything around a gate holds besides the gate's own bundle, as one step of the page. */
import type { EvidenceVerification } from "../../../../proto/evidence-bundle.ts";
import { visible } from "../../../verifier/visible.ts";
import { step, table, type Row, type Step, type Table } from "../answer.ts";
import { QUESTIONS } from "../questions.ts";

const row = (label: string, value: string): Row => ({ label, value: visible(value) });
const tableOf = (caption: string, columns: readonly string[], rows: readonly (readonly string[])[]): Table[] => (rows.length === 0 ? [] : [table(caption, columns, rows.map((cells) => cells.map(visible)))]);
const entry = (index: number | null): string => (index === null ? "none" : String(index));

export function wholeStep({ log_grew, answered_sha256, earlier, releases, provenance, drafts, files, node_trust_file, left_out }: EvidenceVerification): Step {
  const parts = earlier.length + releases.length + provenance.length + drafts.length + files.length;
  return step({
    ...QUESTIONS.whole,
    state: "proved",
    said: `${parts} ${parts === 1 ? "part" : "parts"} beside the gate's own bundle; ${left_out.length} said to be left out.`,
    rows: [
      ...(answered_sha256 === null ? [] : [row("Bundle as answered", answered_sha256)]),
      ...(log_grew === null ? [] : [row("Log only grew", `from ${log_grew.from} to ${log_grew.to} entries since`)]),
      row("Trust file", node_trust_file ? "the one the node works under" : "another one than the node works under"),
    ],
    tables: [
      ...tableOf("Earlier attempts", ["Attempt", "Verdict", "Log entry"], earlier.map(({ attempt, verdict, log_index }) => [String(attempt), verdict, entry(log_index)])),
      ...tableOf("Releases in this file", ["Kind", "Person", "Log entry"], releases.map(({ kind, person, log_index }) => [kind, person, entry(log_index)])),
      ...tableOf("Provenance of builds", ["Build", "SLSA level", "Outputs"], provenance.map(({ build, level, subjects }) => [build, String(level), subjects.join("; ")])),
      ...tableOf("Drafts about it: who wrote them, and nothing of whether they are right", ["Drafts", "Log entry", "Statement"], drafts.map(({ wrote, log_index, statement_sha256 }) => [wrote.map(({ task, path }) => `${task} by ${path}`).join(", "), entry(log_index), statement_sha256])),
      ...tableOf("Files", ["Name", "Held by", "Bytes", "SHA-256"], files.map(({ name, held_by, bytes, sha256 }) => [name, held_by === "same-statement" ? "not judged here: over the same statement, use maestro verify-bundle" : `signed digest (${held_by})`, String(bytes), sha256])),
      ...tableOf("Left out", ["What", "Because"], left_out.map(({ what, because }) => [what, because])),
    ],
  });
}
