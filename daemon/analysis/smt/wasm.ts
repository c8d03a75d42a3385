/** The solver worker seen from the parent: one question at a time, recycled before its heap can grow to where it hangs. */
import { MaestroError } from "../../../proto/errors.ts";
import { Child } from "../../platform/process/supervisor.ts";
import { MemoryWatch } from "../../platform/process/memory-watch.ts";
import { ANSWER_BYTES_MAX, type Backend, GRACE_MS } from "./backend.ts";
import { replyOf } from "./wire.ts";

const WORKER = Bun.fileURLToPath(new URL("./worker.ts", import.meta.url));
/** Loading takes 0.7 s on an idle machine and many times that on a busy one. */
const READY_DEADLINE_MS = 60_000;
const STDERR_BYTES_MAX = 16 * 1024;

export interface RecycleLimits {
  readonly questions_max: number;
  /** Above this after an answer the worker is let go. A fresh one has about 220 MB. */
  readonly resident_bytes_max: number;
}
const RECYCLE: RecycleLimits = { questions_max: 200, resident_bytes_max: 768 * 1024 * 1024 };

export function wasmBackend(memory = new MemoryWatch(), recycle = RECYCLE, worker = WORKER): Backend & { readonly pid: () => number | null } {
  let child: Child | null = null;
  let asked = 0;
  let line: Promise<unknown> = Promise.resolve();

  const letGo = async (): Promise<void> => {
    const old = child;
    child = null;
    await old?.kill();
  };

  async function started(memory_bytes_max: number): Promise<Child> {
    if (child !== null && child.failure === undefined && child.idle) return child;
    await letGo();
    const limits = { ready_deadline_ms: READY_DEADLINE_MS, reply_bytes_max: ANSWER_BYTES_MAX, stderr_bytes_max: STDERR_BYTES_MAX, memory_bytes_max };
    child = new Child({ argv: [process.execPath, worker], cwd: "/", env: {}, limits }, memory);
    asked = 0;
    await child.ready;
    return child;
  }

  async function job(request: object, memory_bytes_max: number, deadline_ms: number, signal: AbortSignal | undefined): Promise<string | null> {
    const at_work = await started(memory_bytes_max);
    try {
      const { said } = await at_work.run(request, { validate: replyOf, deadline_ms, ...(signal === undefined ? {} : { signal }) });
      asked += 1;
      if (asked >= recycle.questions_max || at_work.usage.max_rss_bytes > recycle.resident_bytes_max) await letGo();
      return said;
    } catch (error) {
      await letGo();
      throw error;
    }
  }

  /** One after the other; a failure is its own question's and nobody else's. */
  function inLine<T>(work: () => Promise<T>): Promise<T> {
    const turn = line.then(work, work);
    line = turn.catch(() => undefined);
    return turn;
  }

  return {
    solver: "z3-wasm",
    pid: () => child?.pid ?? null,
    version: () => inLine(async () => {
      const said = await job({ kind: "version" }, RECYCLE.resident_bytes_max * 2, READY_DEADLINE_MS, undefined);
      return said === null ? null : (/([0-9]+(?:\.[0-9]+)+)/.exec(said)?.[1] ?? null);
    }),
    ask: ({ question, values }, { deadline_ms, memory_bytes_max, signal }) => inLine(async () => {
      if (signal?.aborted === true) throw new MaestroError("request.cancelled", "the question was cancelled", { cause: signal.reason });
      const said = await job({ kind: "ask", question, values, deadline_ms }, memory_bytes_max, deadline_ms + GRACE_MS, signal);
      if (said === null) throw new MaestroError("worker.crashed", "z3-solver is not installed");
      return said;
    }),
    close: () => inLine(letGo),
  };
}
