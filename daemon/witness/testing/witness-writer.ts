/** A process that cosigns one log as it grows, and says each answer on standard output: its rig writes down what it asked of the disk before. */
import { writeSync } from "node:fs";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../proto/config.ts";
import { openStore } from "../../store/db.ts";
import type { Acknowledged } from "../../testing/faults/evidence-writer.ts";
import { newWitness } from "../../testing/witnesses.ts";
import { createWitness } from "../index.ts";
import { ForkedLog } from "./forest.ts";

const [state_dir = "", count = "3"] = process.argv.slice(2);
const fail = (error: unknown): never => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(70);
};
const log = new ForkedLog("log.example").branch("main", Number(count));
const who = newWitness("witness.example/a");
const store = openStore({ state_dir, limits: Value.Create(StoreLimits), fatal: fail });
const witness = createWitness({ store, state_dir, key: who.key, sign: who.signer.sign, logs: [log.key], limits: { submissions_per_s: 1000, submissions_burst: 1000 }, monotonic_ms: () => 0, now_s: () => 1_790_000_000, warn: fail });
for (let size = 1; size <= Number(count); size++) {
  const { status } = await witness.submit(0, log.body("main", size - 1, size));
  if (status !== 200) fail(status);
  // In the words of the rig's other programs: the size stands where an attempt would, the key for the gate. Synchronous, so that the answer stands in the trace where it was given.
  const answered: Acknowledged = { gate_id: witness.vkey, attempt: size, log_index: null, bundle: null };
  writeSync(1, `${JSON.stringify(answered)}\n`);
}
process.exit(0);
