/** A node with many gates on record, written by the product's own writers: `bun many-gates.ts FOLDER COUNT`, with the signatures of the runtime's library, as the daemon has them. */
import { nativeEd25519, nativeP256 } from "../../../kernels/signatures/native.ts";
import type { Timings } from "../../../proto/card.ts";
import type { Decision } from "../../../proto/decision.ts";
import { composeCore, type Core } from "../../compose.ts";
import { EMBEDDED_CONFIG, resolveHost } from "../../config/host.ts";
import { recordGate } from "../../gate/record.ts";
import { systemClock } from "../../platform/clock.ts";
import { systemRandom } from "../../platform/random.ts";
import { recordInput, SAMPLE_DECISION } from "../../testing/evidence.ts";
import { adoptEd25519, adoptP256 } from "../../verifier/signature.ts";

/** Recorded together, so that one flush is for all of them. */
const BATCH = 100;
const NO_TIMINGS: Timings = { total_us: 0, facts_us: 0, checks_us: 0, policy_us: 0, evidence_us: 0, by_check: [] };
/** Each so many-th gate did not look for secrets. */
export const LACKING_EVERY = 50;

/** The content of the n-th; no two have one. */
export const treeOf = (n: number): string => `e${n.toString(16).padStart(39, "0")}`;

function one(core: Core, n: number): Promise<unknown> {
  const input = recordInput(core.evidence.trust_domain, 1, { head: `d${n.toString(16).padStart(39, "0")}`, merge_tree: treeOf(n) });
  const decision: Decision = { ...SAMPLE_DECISION, verdict: "admit", reasons: [] };
  const outcomes = input.outcomes.map((outcome) => (outcome.check === "secrets" && n % LACKING_EVERY === LACKING_EVERY - 1 ? { ...outcome, result: "not_applicable" as const } : outcome)).filter(({ result }) => result !== "unavailable");
  return recordGate(core, { uid: process.getuid?.() ?? 0, tenant: null }, { ...input, decision, outcomes, card: { ...input.card, verdict: "admit", reasons: [] } }, () => NO_TIMINGS);
}

/** A core over a state folder, with nobody else at it. */
export function coreOf(state_dir: string): Promise<Core> {
  const failed = (what: unknown): never => {
    throw what;
  };
  return composeCore({ state_dir, host: resolveHost(EMBEDDED_CONFIG), clock: systemClock, random: systemRandom, fatal: failed, warn: (_, error) => failed(error) });
}

/** Durable when it resolves. */
async function manyGates(core: Core, count: number): Promise<void> {
  for (let at = 0; at < count; at += BATCH) await Promise.all(Array.from({ length: Math.min(BATCH, count - at) }, (_, i) => one(core, at + i)));
}

/** In a process of its own: which library checks signatures is a process's choice. Throws where it fails. */
export async function writeGates(state_dir: string, count: number): Promise<void> {
  const child = Bun.spawn([process.execPath, import.meta.path, state_dir, String(count)], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const [said, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  if (code !== 0) throw new Error(`no gates were written: ${said}`);
}

if (import.meta.main) {
  const [state_dir = "", count = ""] = process.argv.slice(2);
  adoptEd25519(nativeEd25519);
  adoptP256(nativeP256);
  const core = await coreOf(state_dir);
  await manyGates(core, Number(count));
  await core.close();
}
