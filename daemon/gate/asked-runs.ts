/** Models and property tests that a check asked for. The core handles their bytes and digests; what stands in them, and what TLC says of them, is read by check processes. */
import { mkdtempSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { fromBase64 } from "../../proto/encoding.ts";
import type { Mode } from "../../proto/change.ts";
import type { ModelAsk, ModelRun, RunAnswer, RunAsk } from "../../proto/formal.ts";
import { ModelLimits, type ModelOutcome } from "../../proto/model.ts";
import type { ModelCache } from "../analysis/modelcheck/cache.ts";
import type { RunEnd } from "../analysis/modelcheck/reading.ts";
import type { Host } from "../config/host.ts";
import { Lane } from "../checking/lane.ts";
import { BoundedMap } from "../platform/bounded-map.ts";
import { removeTree } from "../platform/folders.ts";
import type { Clock } from "../platform/clock.ts";
import type { WorkerPool } from "../platform/pool/pool.ts";
import type { Sandbox } from "../platform/sandbox/job.ts";
import { type Evaluate, evaluationRun } from "./asked-evaluations.ts";
import { propertyRun } from "./asked-properties.ts";

const CACHE = { entries_max: 1_000, characters_max: 16 * 1024 * 1024 } as const;

export interface RunDeskDeps {
  readonly host: Host;
  readonly pool: WorkerPool;
  readonly sandbox: Sandbox;
  readonly clock: Clock;
  /** Below a work path of the sandbox. */
  readonly trees_dir: string;
  /** Absent where no decisions are logged. */
  readonly evaluate?: Evaluate;
}

/** The gate it is asked for. */
export interface AskedBy {
  readonly lane: Lane;
  readonly mode: Mode;
  /** Whose decisions judge a candidate; null: everybody's. */
  readonly sees: string | null;
  /** Whose policies the base declares: a check that was taken over spends no other router's questions. */
  readonly routers: readonly string[];
  /** Writes the merged tree into that folder, which is not there yet. */
  readonly write: (folder: string) => Promise<void>;
  readonly signal: AbortSignal;
  /** On the monotonic clock. */
  readonly end_ms: number;
}

const unavailable = (id: string, because: string): ModelRun => ({ id, outcome: { result: "unavailable", because: because.slice(0, 2_000) }, spec_sha256: null, tool: null });

export class RunDesk {
  private readonly kept = new BoundedMap<ModelOutcome>(CACHE);
  private readonly limits: ModelLimits;

  constructor(private readonly deps: RunDeskDeps) {
    this.limits = { ...Value.Create(ModelLimits), ...deps.host.limits.model };
  }

  /** One after the other: a gate takes one sandbox's worth of the machine. Throws `request.cancelled` and `daemon.draining` only. */
  async answer(asks: readonly RunAsk[], by: AskedBy): Promise<RunAnswer[]> {
    const { clock, host, trees_dir } = this.deps;
    const around = this.around(by);
    await using stack = new AsyncDisposableStack();
    let written: Promise<string> | null = null;
    const tree = (): Promise<string> => (written ??= writeTree(trees_dir, by, stack));
    const answers: RunAnswer[] = [];
    for (const ask of asks) {
      if ("work" in ask) answers.push(await propertyRun(ask, { sandbox: around.sandbox, clock, limits: host.limits.property, trees_dir, tree, end_ms: by.end_ms, signal: by.signal }));
      else if ("candidate" in ask) {
        // It takes seconds, and a process of its own: meanwhile this one is somebody else's.
        await by.lane.rest();
        answers.push(await evaluationRun(ask, by.routers.includes(ask.router) ? this.deps.evaluate : undefined, { mode: by.mode, sees: by.sees, lane: by.lane.tenant, signal: by.signal, used: (cpu_us) => by.lane.charge(cpu_us), left_ms: Math.floor(by.end_ms - clock.monotonic_ms()) }));
      } else answers.push(await this.model(ask, by, around));
    }
    return answers;
  }

  private async model({ id, spec, cfg, modules, again }: ModelAsk, { end_ms, signal }: AskedBy, around: ReturnType<RunDesk["around"]>): Promise<ModelRun> {
    const { placedToolchain } = await import("../analysis/modelcheck/toolchain.ts");
    const toolchain = placedToolchain();
    if ("because" in toolchain) return unavailable(id, toolchain.because);
    const left_ms = Math.floor(end_ms - this.deps.clock.monotonic_ms());
    if (left_ms <= 0) return unavailable(id, "the gate's deadline passed before this model was run");
    const { runModel } = await import("../analysis/modelcheck/run.ts");
    const request = { spec, cfg: bytesOf(cfg), modules: new Map(Object.entries(modules).map(([name, bytes]) => [name, bytesOf(bytes)])) };
    const limits = { ...this.limits, wall_ms: Math.min(this.limits.wall_ms, left_ms) };
    const { outcome, spec_sha256, tool } = await runModel(request, { ...around, toolchain, limits, cache: this.cache(again) }, signal);
    return { id, outcome, spec_sha256, tool };
  }

  /** A second run has answers of its own, else it would show nothing that the first did not. */
  private cache(again: boolean): ModelCache {
    const named = (key: string): string => `${again ? "again" : "first"} ${key}`;
    return { get: (key) => this.kept.get(named(key)) ?? null, put: (key, outcome) => this.kept.put(named(key), outcome) };
  }

  private around({ lane, mode, signal, end_ms }: AskedBy) {
    const { host, pool, sandbox, clock, trees_dir } = this.deps;
    const tier = mode === "fork" ? "runsc" : "bwrap";
    const jail: Sandbox = {
      close: () => sandbox.close(),
      tier: () => sandbox.tier(tier),
      run: async (job, aborted, used) => {
        // It takes seconds: meanwhile the process is somebody else's.
        await lane.rest();
        let used_us = 0;
        const charged = (cpu_us: number): void => {
          used_us = Math.max(used_us, cpu_us);
          used?.(cpu_us);
        };
        try {
          const result = await sandbox.run({ ...job, tier }, aborted, charged);
          charged(result.usage.cpu_us);
          return result;
        } finally {
          lane.charge(used_us);
        }
      },
    };
    // In a process that has read nothing but this: the answer is kept for others who ask the same, and must follow from what they ask.
    const read = async (end: RunEnd, path: string | null): Promise<ModelOutcome> => {
      const reader = new Lane(pool, signal, lane.tenant);
      try {
        const deadline_ms = Math.max(1, Math.ceil(Math.min(host.limits.worker.check_deadline_ms, end_ms - clock.monotonic_ms())));
        return (await reader.run({ kind: "model-output", end, path }, deadline_ms)).outcome;
      } finally {
        await reader[Symbol.asyncDispose]();
        lane.absorb(reader);
      }
    };
    // The check looked before it asked; see `asked` in checks/formal/models.ts.
    return { sandbox: jail, work_dir: trees_dir, monotonic_ms: () => clock.monotonic_ms(), read, problem: () => null, apart: host.sandbox_socket !== null };
  }
}

/** Written out for the first that needs it, and removed with the answers. */
async function writeTree(trees_dir: string, { write }: AskedBy, stack: AsyncDisposableStack): Promise<string> {
  const tree_dir = `${mkdtempSync(join(trees_dir, "asked-"))}-tree`;
  rmdirSync(tree_dir.slice(0, -"-tree".length));
  stack.defer(() => removeTree(tree_dir));
  await write(tree_dir);
  return tree_dir;
}

/** Checked as base64 where the reply came in. */
const bytesOf = (base64: string): Uint8Array => fromBase64(base64) ?? new Uint8Array(0);
