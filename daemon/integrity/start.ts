/** What the newest evidence rests on, looked at again at each start: a handful of gates, so that a start stays quick. */
import { verifyInclusion } from "../../kernels/merkle/index.ts";
import type { Evidence } from "../evidence/index.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { artifactName, type GateRow, type Gates } from "../store/gates.ts";
import { verifyWithTrust } from "../verifier/bundle.ts";
import { hashLeaf } from "../verifier/leaves.ts";
import { noteKey, type NoteKey } from "../verifier/note.ts";
import type { Trust } from "../verifier/trust.ts";
import { contradictions, saidOf } from "./row-check.ts";
import { type Step, within } from "./step.ts";

export interface StartDeps {
  readonly gates: Gates;
  readonly artifacts: Artifacts;
  readonly evidence: Pick<Evidence, "trust" | "log" | "logState">;
  /** Whether the reply of a gate went because its time was over. */
  readonly expired: (name: string) => boolean;
  /** How many gates. */
  readonly start_gates: number;
}

/** Every log that a trust file names. */
export function logKeys({ entries }: Trust): NoteKey[] {
  return entries.flatMap(({ entry, key }) => (entry.role === "log" && entry.log_origin !== null ? [noteKey(entry.log_origin, key)] : []));
}

/** Whether the log holds this entry under the head it shows now. */
function included({ log, logState }: StartDeps["evidence"], index: number): boolean {
  const { size, root } = logState();
  const { proof } = log.receipt(index);
  return verifyInclusion({ leafIndex: index, treeSize: size, leafHash: hashLeaf(log.entry(index)), rootHash: root, inclusionPath: proof });
}

async function problemOf({ artifacts, evidence, expired }: StartDeps, row: GateRow): Promise<string | null> {
  const [reply, bundle] = await Promise.all([artifacts.blobs.get(row.reply), artifacts.blobs.get(row.bundle)]);
  const replied = reply !== undefined || expired(artifactName(row.gate_id, row.attempt.attempt));
  if (!replied || bundle === undefined) return `${!replied ? "its reply" : "its bundle"} is gone`;
  // Its own time, as the host's clock may stand before it: whether it lapsed is not the question.
  const verified = verifyWithTrust(bundle, evidence.trust, { now: new Date(row.attempt.issued_at), witnesses: "later" });
  if (verified.result !== "verified") return `its bundle does not verify: ${verified.reasons[0]?.detail ?? verified.result}`;
  const { log, statement } = verified;
  const differs = log === null || statement === null ? [] : contradictions(row, saidOf(statement, log.index));
  if (differs.length > 0) return differs.join("; ");
  const here = log !== null && log.origin === evidence.logState().origin;
  return here && !included(evidence, log.index) ? "its entry is not in the log" : null;
}

async function* newest(deps: StartDeps): AsyncGenerator<Omit<Step, "area">, void> {
  for (const row of deps.gates.recent(deps.start_gates)) {
    const name = artifactName(row.gate_id, row.attempt.attempt);
    for await (const { problem, bytes } of within("gates", steps(deps, row, name))) yield { name, bytes, problem };
  }
}

async function* steps(deps: StartDeps, row: GateRow, name: string): AsyncGenerator<Omit<Step, "area">, void> {
  yield { name, bytes: 0, problem: await problemOf(deps, row) };
}

/** Only what is wrong. */
export async function checkNewest(deps: StartDeps): Promise<Step[]> {
  const found: Step[] = [];
  for await (const step of within("gates", newest(deps))) if (step.problem !== null) found.push(step);
  return found;
}
