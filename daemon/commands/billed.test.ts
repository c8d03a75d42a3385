/** Who pays for what commands use, and that no gate uses more than was reserved for it. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { GateResult } from "../../proto/api.ts";
import { resolveHost } from "../config/host.ts";
import { World } from "../testing/core.ts";
import { skipWithout } from "../testing/skip.ts";
import { cpuLeftFor, type Payer, worstGate } from "../gate/cost/cost.ts";
import { sandboxJob, type Surroundings } from "./sandbox-job.ts";

// Real sandboxes on a busy machine.
setDefaultTimeout(120_000);

let world: World;
let serial = 0;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const sandboxed = skipWithout(Bun.which("bwrap") !== null, "what commands cost: needs bubblewrap");
const SPIN_S = 3;
/** Ends when the kernel has counted three seconds of its own. */
const SPIN = "ulimit -S -t 3; (while :; do :; done); true";

/** Gates a change under a command that spins; what it was billed, and its result. */
async function billed(script: string, leaving = false): Promise<{ readonly cpu_us: number; readonly result: GateResult | null }> {
  const source = world.scratch.source(`billed${serial++}`);
  await source.commit({ "maestro.yaml": `version: 1\ncommands:\n  spin: {run: [sh, -c, "${script}"]}\n`, f: "old" }, "base");
  const target = source.git("rev-parse", "HEAD");
  const head = await source.commit({ f: "new" }, "change");
  const intake = await world.received(source, [target, head], `billed${serial}`);
  let cpu_us = 0;
  const settled = Promise.withResolvers<void>();
  const payer: Payer = (_worst, work) => work((used) => void (cpu_us += used.cpu_us)).finally(settled.resolve);
  const client = new AbortController();
  const listen = ({ check }: { readonly check: string | null }): void => void (leaving && check === "size" && setTimeout(() => client.abort(), 4_000));
  const asked = world.core.keeper.submit(intake, { intake_id: intake.id, target_ref: "refs/heads/main", target, head }, listen, client.signal, payer);
  const result = await asked.catch(() => null);
  await settled.promise;
  return { cpu_us, result };
}

describe.skipIf(sandboxed)("processor time of a command", () => {
  test("is billed with its gate's, and on its card", async () => {
    const idle = await billed("true");
    const { cpu_us, result } = await billed(SPIN);
    expect(cpu_us - idle.cpu_us).toBeGreaterThan(0.7 * SPIN_S * 1e6);
    expect(result?.timings.usage?.cpu_us ?? 0).toBeGreaterThan(0.9 * SPIN_S * 1e6);
  });

  test("attack: a client that leaves before the end pays for what ran until then", async () => {
    const idle = await billed("sleep 30", true);
    const { cpu_us, result } = await billed("while :; do :; done", true);
    expect(result).toBeNull();
    expect(cpu_us - idle.cpu_us).toBeGreaterThan(300_000);
  });
});

describe("attack: many commands that each use all they may", () => {
  const { limits } = resolveHost({ version: 1, trust_domain: "t.example", modes: ["local"], limits: { gate: { gate_deadline_ms: 100_000 }, sandbox: { cpu_s: 150 } } });
  const around: Surroundings = { mounts: { system: { folders: [] } }, offered: [], limits: limits.sandbox, cpu_left_us: 0, report_bytes_max: 1, tier: "bwrap", tree_dir: "/t", left_ms: 1_000 };
  const cpuOf = (used_s: number, left_s: number): number | string => {
    const job = sandboxJob({ run: ["a"] }, new Map(), { ...around, cpu_left_us: cpuLeftFor(limits, used_s * 1e6, left_s * 1000) });
    return "impossible" in job ? job.impossible : job.limits.cpu_s;
  };

  test("share what was reserved: the first has its own limit, the next what is left, then there is none", () => {
    expect(worstGate(limits)).toEqual({ wall_us: 100e6, cpu_us: 250e6, model_tokens: 0 });
    expect([cpuOf(0, 100), cpuOf(150, 90), cpuOf(240, 5)]).toEqual([150, 10, 5]);
    expect(cpuOf(245, 5)).toContain("used all processor time of this gate");
  });

  test("whatever they use, with the check process that follows, is never more than was reserved", () => {
    for (const used_s of [0, 10, 100, 200, 249]) {
      for (const left_s of [0, 1, 50, 100]) {
        const given = cpuOf(used_s, left_s);
        if (typeof given === "number") expect(used_s + given + left_s).toBeLessThanOrEqual(250);
      }
    }
  });
});
