/** The sandbox as the rest of the daemon sees it. Nothing runs until the first job. */
import { MaestroError } from "../../../proto/errors.ts";
import type { WorkerLimits } from "../../../proto/config.ts";
import type { Sandbox, SandboxJob, SandboxTier, TierState } from "./job.ts";
import { MemoryWatch } from "../process/memory-watch.ts";
import { Child } from "../process/supervisor.ts";
import { Connected } from "../process/connected.ts";
import { type Launcher, Launchers } from "./launchers.ts";
import { Received } from "./received.ts";
import { COLLECTED_BYTES_MAX, endedOf, type News, newsOf, PIECE_BYTES_MAX, type Place, probedOf, type WireJob } from "./wire.ts";

const LAUNCHER = Bun.fileURLToPath(new URL("./launcher.ts", import.meta.url));
/** Of root's PATH on every distribution; a PATH somebody set is not asked. */
const TOOLS: readonly string[] = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"];
/** Set-up and collection on a slow machine; the launcher keeps the job's own deadline. */
const GRACE_MS = 20_000;
const PROBE_DEADLINE_MS = 60_000;
const LAUNCHER_MEMORY_BYTES_MAX = 1024 * 1024 * 1024;
/** The collected files in base64, and as much again for tails, envelopes and what was used so far. None of it is held. */
const LAUNCHER_REPLY_BYTES_MAX = 2 * COLLECTED_BYTES_MAX;
/** All that the core ever holds of what a launcher sends: a piece in base64 in its envelope. */
const LAUNCHER_FRAME_BYTES_MAX = 2 * PIECE_BYTES_MAX;
/** Jobs at once where nobody says otherwise. */
const LAUNCHERS_MAX = 4;
const LAUNCHER_IDLE_MS = 30_000;

export interface SandboxDeps {
  readonly worker: Pick<WorkerLimits, "ready_deadline_ms" | "stderr_bytes_max">;
  /** Never mounted, nor anything that shows them: state, keys, sockets. */
  readonly private_paths: readonly string[];
  /** Below a private path, but made to be mounted. */
  readonly work_paths: readonly string[];
  /** Folders in which `bwrap` and `runsc` are looked for; the system's own when absent. */
  readonly tools?: readonly string[];
  /** Jobs at once; more wait in line. */
  readonly launchers_max?: number;
  /** Where a unit starts a launcher for each connection; null and absent: launchers are children of this process. */
  readonly socket?: string | null;
  /** Program and arguments of the launcher; this Bun and launcher.ts when absent. */
  readonly launcher?: readonly string[];
}

export function createSandbox(deps: SandboxDeps): Sandbox {
  const place: Place = { tools: [...(deps.tools ?? TOOLS)], private_paths: [...deps.private_paths], work_paths: [...deps.work_paths] };
  const launchers = new Launchers({
    start: starter(deps),
    launchers_max: deps.launchers_max ?? LAUNCHERS_MAX,
    idle_ms: LAUNCHER_IDLE_MS,
  });
  const known = new Map<SandboxTier, TierState>();

  /** What works is remembered; what does not is tried again, because an operator may be repairing it. */
  const tier = async (name: SandboxTier): Promise<TierState> => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const state = await asked(() => launchers.lend(new AbortController().signal, (child) => child.run({ kind: "probe", place, tier: name }, { validate: probedOf, deadline_ms: PROBE_DEADLINE_MS })));
    if (state.usable) known.set(name, state);
    return state;
  };

  const run: Sandbox["run"] = async (job, signal, used = () => undefined) => {
    if (signal.aborted) throw new MaestroError("request.cancelled", "the job was cancelled before it began", { cause: signal.reason });
    const state = await tier(job.tier);
    if (!state.usable) throw new MaestroError("sandbox.unavailable", `${state.because}; ${state.remedy}`);
    using received = new Received(job);
    const take = (news: News): void => {
      if ("cpu_us" in news) used(news.cpu_us);
      else received.take(news);
    };
    const options = { validate: endedOf, deadline_ms: job.limits.wall_ms + GRACE_MS, signal, progress: { validate: newsOf, take } };
    const { end, usage, files } = await asked(() => launchers.lend(signal, (child) => child.run({ kind: "run", place, job: wireJob(job) }, options)));
    return { tier: job.tier, end, usage, ...received.parts(files) };
  };

  return { run, tier, close: () => launchers.close() };
}

/** What to do stands with it, for whoever reads the outcome. */
export function absent(detail: string, cause?: unknown): MaestroError {
  const remedy = `${detail}; systemctl enable --now maestro-sandbox.socket`;
  return new MaestroError("worker.crashed", remedy, { cause: new MaestroError("sandbox.unavailable", remedy, { cause }) });
}

function starter({ worker, launcher, socket }: SandboxDeps): () => Launcher {
  const limits = { ...worker, memory_bytes_max: LAUNCHER_MEMORY_BYTES_MAX, reply_bytes_max: LAUNCHER_REPLY_BYTES_MAX, frame_bytes_max: LAUNCHER_FRAME_BYTES_MAX };
  if (typeof socket === "string") return () => new Connected({ path: socket, what: "launcher", limits, absent });
  const memory = new MemoryWatch();
  return () => new Child({ argv: launcher ?? [process.execPath, "--smol", LAUNCHER], cwd: "/", env: {}, limits }, memory);
}

const wireJob = (job: SandboxJob): WireJob => ({
  ...job,
  argv: [...job.argv],
  mounts: job.mounts.map(({ host, inside }) => ({ host, inside })),
  env: { ...job.env },
  stdin: job.stdin === null ? null : Buffer.from(job.stdin).toString("base64"),
  wanted: job.wanted.map(({ path, bytes_max }) => ({ path, bytes_max })),
});

/** A launcher's failure under the sandbox's own codes. */
async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw new MaestroError("request.cancelled", "the job was cancelled while it waited for a launcher", { cause: error });
    if (!(error instanceof MaestroError)) throw error;
    if (error.code === "request.cancelled" || error.code === "daemon.draining") throw error;
    const { cause } = error;
    if (cause instanceof MaestroError && (cause.code === "sandbox.failed" || cause.code === "sandbox.unavailable")) throw new MaestroError(cause.code, cause.detail, { cause: error });
    throw new MaestroError("sandbox.failed", error.detail, { cause: error });
  }
}
