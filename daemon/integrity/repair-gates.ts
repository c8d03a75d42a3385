/** Rows of gates, put right from their artifacts and from what was signed: a row that says something else than its bundle is not believed. */
import { canonicalText } from "../../proto/canonical.ts";
import { backfillSummaries } from "../store/backfill.ts";
import type { Store } from "../store/db.ts";
import { type GateRow, type Gates, openGates, payerOf } from "../store/gates.ts";
import { openReleases } from "../store/releases.ts";
import { addEvidence, openUsage } from "../store/usage.ts";
import { addBuilds } from "./build-blobs.ts";
import type { FoundEvidence } from "./evidence-blobs.ts";
import { addReleases } from "./release-blobs.ts";
import type { Repair } from "./repairing.ts";
import { contradictions } from "./row-check.ts";

const nameOf = ({ gate_id, attempt }: GateRow): string => `${gate_id}, attempt ${attempt.attempt}`;
const key = ({ gate_id, attempt }: GateRow): string => `${gate_id} ${attempt.attempt}`;

/** What the row should be: its artifact's, which is found by what it names, or itself with what its bundle says. `null` where it is bundle and name of two gates, and nothing tells which. */
function rightRow(row: GateRow, own: GateRow | undefined, { said }: FoundEvidence): GateRow | null {
  if (own !== undefined) return own;
  const signed = said.get(row.bundle);
  if (signed === undefined) return row;
  return signed.gate_id === row.gate_id && signed.attempt.attempt === row.attempt.attempt ? { ...row, ...signed } : null;
}

/** Inside `Store.atomic`. Every row against what was signed. */
function correctRows(repair: Repair, gates: Gates, found: FoundEvidence): void {
  const own = new Map(found.gates.map(({ row }) => [key(row), row]));
  for (const row of [...gates.all()]) {
    const right = rightRow(row, own.get(key(row)), found);
    const differs = right === null ? ["it names another gate's bundle"] : contradictions(row, right);
    if (right === null) repair.note("lost", `gate ${nameOf(row)}: ${differs.join("; ")}, and its own is not here`);
    if (right === null || canonicalText(right) === canonicalText(row)) continue;
    gates.correct(row, right);
    repair.note("rebuilt", `gate ${nameOf(row)}: ${differs.length > 0 ? differs.join("; ") : "its row is not the one its artifact holds"}; the row is now what was signed`);
  }
}

/** In one transaction. */
export function repairGates(repair: Repair, store: Store, found: FoundEvidence, builds: Parameters<typeof addBuilds>[2]): void {
  const gates = openGates(store);
  const usage = openUsage(store);
  let added = 0;
  let released = 0;
  let summaries = 0;
  const counted = new Set([...usage.evidence.entries()].map((entry) => entry.key));
  store.atomic(() => {
    gates.reorder();
    correctRows(repair, gates, found);
    for (const gate of found.gates) {
      if (gates.get(gate.row.gate_id, gate.row.attempt.attempt) !== undefined) continue;
      gates.add(gate.row);
      addEvidence(usage, payerOf(gate.row), gate.bytes);
      added += 1;
    }
    summaries = backfillSummaries(gates.summaries, gates.all(), repair.deps.state_dir);
    released = addReleases(openReleases(store), gates, usage, found.releases);
    addBuilds(usage, counted, builds);
  });
  if (added > 0) repair.note("rebuilt", `gates: ${added} rows from their artifacts`);
  if (summaries > 0) repair.note("rebuilt", `gates: ${summaries} summaries from their replies`);
  if (released > 0) repair.note("rebuilt", `releases: ${released} rows from their bundles`);
}
