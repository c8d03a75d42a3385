/**
 * A process that opens state as `maestrod` does and records one verdict after
 * another, without a socket: its rig injures it, or writes down what it asks
 * of the disk. Prints one line of JSON per verdict, once it may be acknowledged.
 */
import { writeSync } from "node:fs";
import { gateId } from "../../../proto/change.ts";
import { composeCore } from "../../compose.ts";
import { EMBEDDED_CONFIG, resolveHost } from "../../config/host.ts";
import { recordGate } from "../../gate/record.ts";
import { systemClock } from "../../platform/clock.ts";
import { strayFailure } from "../../store/failure.ts";
import { sha256Digest } from "../../store/blobs.ts";
import { recordInput } from "../evidence.ts";
import { SeededRandom } from "../random.ts";

/** What was promised of one verdict, as whoever received it would hold it against us. */
export interface Acknowledged {
  readonly gate_id: string;
  readonly attempt: number;
  /** `null` where the promise does not say. */
  readonly log_index: number | null;
  readonly bundle: string | null;
}

const FATAL_EXIT = 70;
const TIMINGS = { total_us: 1, facts_us: 1, checks_us: 1, policy_us: 1, evidence_us: 1, by_check: [] };
const fatal = (reason: unknown): never => {
  process.stderr.write(`fatal: ${String(reason)}\n`);
  process.exit(FATAL_EXIT);
};

if (import.meta.main) {
  const [state_dir = "", count = "3", ack = "durable", ending = "close", machine = "", change = ""] = process.argv.slice(2);
  process.on("unhandledRejection", (reason) => (strayFailure(reason)?.code === "store.no_space" ? undefined : fatal(reason)));
  const core = await composeCore({ state_dir, host: resolveHost(EMBEDDED_CONFIG), clock: systemClock, machine: machine === "" ? null : machine, random: new SeededRandom("writer"), fatal, warn: () => undefined });
  // Synchronous, so that the promise stands in the trace where it was made.
  const say = (acknowledged: Acknowledged): void => void writeSync(1, `${JSON.stringify(acknowledged)}\n`);
  // Not the size of the log, which begins anew on another machine.
  const first = core.gates.count();
  for (let n = first; n < first + Number(count); n++) {
    // After the first verdict, so that some stand under either key.
    if (change === "rotate" && n === first + 1) await core.evidence.rotateLog("both");
    // Every third verdict is a further attempt of the gate before it.
    const attempt = (n % 3) + 1;
    const input = recordInput(core.evidence.trust_domain, attempt, { head: String(Math.floor(n / 3)).padStart(40, "0") });
    const { gate_id, reply, bundle } = await recordGate(core, { uid: 7, tenant: null }, input, () => {
      // The canary's mistake: it promises what stands in a transaction.
      if (ack === "early") say({ gate_id: gateId(input.identity), attempt, log_index: n, bundle: null });
      return TIMINGS;
    });
    if (ack === "durable") say({ gate_id, attempt, log_index: reply.proof.log_index, bundle: sha256Digest(bundle) });
  }
  // Otherwise it leaves as a daemon does that is told to end at once.
  if (ending === "close") await core.close();
  process.exit(0);
}
