/** How long one small model takes: the JVM with and without its class archive, the same in the sandbox, and an answer that is known. All take turns. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { trustedArchive } from "../daemon/analysis/modelcheck/archive.ts";
import { FolderCache } from "../daemon/analysis/modelcheck/cache.ts";
import { modelsIn } from "../daemon/analysis/modelcheck/folder.ts";
import { archiveFlags, hostCommand } from "../daemon/analysis/modelcheck/host-command.ts";
import { ownSandbox } from "../daemon/analysis/modelcheck/own-sandbox.ts";
import { runModel } from "../daemon/analysis/modelcheck/run.ts";
import { CLASS_PATH } from "../daemon/analysis/modelcheck/job.ts";
import { findToolchain } from "../daemon/analysis/modelcheck/toolchain.ts";
import { World } from "../daemon/e2e/testing/world.ts";
import { BUDGET } from "../daemon/gate/testing/formal.ts";
import type { Timings } from "../proto/card.ts";
import { ModelLimits } from "../proto/model.ts";
import { type Bench, median, percentile } from "./figure.ts";

const RUNS = 7;
const KNOWN_RUNS = 200;
const GATES = 15;
const KNOWN_GOAL_MS = 5;
const SPECS = join(import.meta.dir, "../specs");
const MODEL = "Turnstile";

/** What stands on the card for the check: facts read, what is to be asked said, TLC's kept answer handed in, judged. */
async function inGates(): Promise<{ readonly first: number; readonly known: readonly number[] }> {
  const world = new World();
  try {
    const change = await world.changed(BUDGET, { "src/budget.ts": "2\n" });
    const took: number[] = [];
    for (let at = 0; at <= GATES; at++) {
      // Another change each time, which the model knows nothing of.
      if (at > 0) await change.commit({ "src/budget.ts": `${at + 2}\n` }, "another");
      const { code, stdout, stderr } = await world.gate(change, ["--json"]);
      if (code !== 0) throw new Error(`maestro gate ended with ${code}: ${stderr}`);
      const { timings } = JSON.parse(stdout) as { readonly timings: Timings };
      const asked = timings.by_check.find(({ check }) => check === "modelcheck");
      if (asked === undefined) throw new Error("the gate did not ask for the model");
      took.push(asked.us / 1000);
    }
    return { first: took[0] ?? 0, known: took.slice(1) };
  } finally {
    await world.dispose();
  }
}

export const bench: Bench = async (figure) => {
  const toolchain = findToolchain();
  if ("because" in toolchain) return void process.stderr.write(`SKIPPED: ${toolchain.because}\n`);
  await using stack = new AsyncDisposableStack();
  const sandbox = stack.adopt(ownSandbox(), (one) => one.close());
  const work_dir = stack.adopt(mkdtempSync(join(tmpdir(), "bench-model-")), (path) => rmSync(path, { recursive: true, force: true }));
  const tier = await sandbox.tier("bwrap");
  if (!tier.usable) return void process.stderr.write(`SKIPPED: ${tier.because}; ${tier.remedy}\n`);
  const limits = Value.Create(ModelLimits);
  const { request } = modelsIn(SPECS, [MODEL], limits)[0]!;
  const never = new AbortController().signal;
  const cache = new FolderCache(join(work_dir, "cache"));
  const deps = { sandbox, toolchain, work_dir, limits, cache: null, monotonic_ms: () => performance.now() };

  const host = async (flags: readonly string[], used: number[]): Promise<number> => {
    const tmp = mkdtempSync(join(work_dir, "host-"));
    const { argv, env } = hostCommand(toolchain, { tmp, flags, args: ["-workers", "1", "-config", `${MODEL}.cfg`, MODEL], metadir: true });
    const start = performance.now();
    const child = Bun.spawn([...argv], { cwd: SPECS, env, stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    if ((await child.exited) !== 0) throw new Error(`TLC ended with ${child.exitCode}`);
    // Of the processor, too: it says the same on a busy machine.
    used.push(Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1000);
    return performance.now() - start;
  };
  const jailed = async (kept: FolderCache | null): Promise<number> => {
    const start = performance.now();
    const { outcome } = await runModel(request, { ...deps, cache: kept }, never);
    if (outcome.result !== "pass") throw new Error(JSON.stringify(outcome));
    return performance.now() - start;
  };

  const times = { plain: [] as number[], archived: [] as number[], jailed: [] as number[], known: [] as number[] };
  const cpu = { plain: [] as number[], archived: [] as number[] };
  await jailed(cache);
  for (let at = 0; at < RUNS; at++) {
    times.plain.push(await host(["-Xshare:auto"], cpu.plain));
    times.archived.push(await host(archiveFlags(toolchain), cpu.archived));
    times.jailed.push(await jailed(null));
  }
  for (let at = 0; at < KNOWN_RUNS; at++) times.known.push(await jailed(cache));
  const archives = `host archive ${archiveFlags(toolchain).length > 0 ? "used" : "absent"}, jail archive ${trustedArchive(toolchain, "jail", CLASS_PATH) === null ? "absent" : "used"}`;
  const plain = { name: "the same without a class archive", value: median(times.plain) };
  figure({ figure: `TLC from start to end, ${MODEL} (457 states), p50`, value: median(times.archived), unit: "ms", better: "less", peer: plain, note: archives });
  figure({ figure: "its processor time, p50", value: median(cpu.archived), unit: "ms", better: "less", peer: { ...plain, value: median(cpu.plain) } });
  figure({ figure: `the same model in the sandbox, read and judged, p50`, value: median(times.jailed), unit: "ms", better: "less", peer: plain, note: archives });
  figure({ figure: "a model whose answer is known, p50", value: median(times.known), unit: "ms", better: "less", peer: { name: "running it in the sandbox", value: median(times.jailed) }, goal: { value: KNOWN_GOAL_MS } });
  figure({ figure: "a model whose answer is known, p99", value: percentile(times.known, 0.99), unit: "ms", better: "less" });
  const { first, known } = await inGates();
  const peer = { name: "the first gate, which runs TLC", value: first };
  figure({ figure: "the check modelcheck in a gate whose model's answer is known, p50", value: median([...known]), unit: "ms", better: "less", peer, goal: { value: KNOWN_GOAL_MS }, note: "as the card has it" });
  figure({ figure: "the check modelcheck in a gate whose model's answer is known, most", value: Math.max(...known), unit: "ms", better: "less" });
};
