/** `maestro build`: a declared build, run in the sandbox over a commit's tree, and attested. Only what ran here is: nothing else reaches `recordBuild`. */
import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import type { BuildFailed, BuildProgress, Built } from "../../proto/build-api.ts";
import { toBase64, toHex } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { ToolDigestsReply } from "../../proto/worker-beside.ts";
import { Lane } from "../checking/lane.ts";
import { declaredBuild } from "../config/builds.ts";
import { SYSTEM_MOUNT } from "../config/tool-mounts.ts";
import { removeTree } from "../platform/folders.ts";
import type { Repository, RepositoryStore } from "../platform/git/repository-store.ts";
import type { WorkerPool } from "../platform/pool/pool.ts";
import type { Usage } from "../platform/process/usage.ts";
import type { Random } from "../platform/random.ts";
import { attempt, type Attempt, type AttemptDeps, type Settled } from "./attempt.ts";
import { chainsOf, limitsOf, pathOf } from "./job.ts";
import { definitionOf, type Ordered } from "./provenance.ts";
import { recordBuild, type BuildRecordDeps } from "./record.ts";

export interface BuilderDeps extends AttemptDeps, BuildRecordDeps {
  readonly pool: WorkerPool;
  readonly repositories: Pick<RepositoryStore, "open">;
  readonly random: Random;
  readonly scratch_dir: string;
}

export interface BuildOrder extends Ordered {
  readonly object_format: Repository["object_format"];
  readonly owner: { readonly uid: number; readonly tenant: string | null };
  /** Whose check processes it takes. */
  readonly lane: string;
  readonly repeat: boolean;
}

type Emit = (stage: BuildProgress["stage"]) => void;

const INVOCATION_BYTES = 16;

const failed = ({ because, log }: Attempt, run = ""): BuildFailed => ({ event: "failed", because: `${run}${because ?? ""}`.slice(0, 2000), log });

export class Builder {
  constructor(private readonly deps: BuilderDeps) {}

  /** The most that a build may take, for whoever pays. */
  worst(repeat: boolean): { readonly wall_us: number; readonly cpu_us: number; readonly model_tokens: number } {
    const { build, command, worker } = this.deps.host.limits;
    const runs = repeat ? 2 : 1;
    const around_ms = worker.facts_deadline_ms + build.digest_deadline_ms + runs * (command.tree_deadline_ms + worker.check_deadline_ms);
    return { wall_us: (runs * build.wall_ms + around_ms) * 1000, cpu_us: runs * build.cpu_s * 1_000_000 + around_ms * 1000, model_tokens: 0 };
  }

  /** A build that fails is an answer, and leaves nothing on record. Throws `request.not_found`, `config.*` and `evidence.keys` before anything runs; `sandbox.*`, `request.cancelled`. */
  async run(order: BuildOrder, emit: (event: BuildProgress) => void, signal: AbortSignal, spent: (usage: Usage) => void): Promise<Built | BuildFailed> {
    const { evidence, scratch_dir, pool, clock } = this.deps;
    const refused = evidence.whyNoProvenance(order.repo_id, order.mode);
    if (refused !== null) throw new MaestroError("evidence.keys", `the trust file does not let this node sign provenance (${refused}); sign the node's trust.json anew with maestro trust sign`);
    await mkdir(scratch_dir, { recursive: true, mode: 0o700 });
    const folder = await mkdtemp(join(scratch_dir, "build-"));
    const lane = new Lane(pool, signal, order.lane);
    await using stack = new AsyncDisposableStack();
    stack.defer(() => removeTree(folder));
    // After the lane has ended: only then is it known what its processes used.
    stack.defer(() => spent(lane.usage));
    stack.use(lane);
    let last_ms = clock.monotonic_ms();
    return await this.within(order, folder, lane, (stage) => {
      const now_ms = clock.monotonic_ms();
      emit({ event: "progress", stage, duration_us: Math.max(0, Math.round((now_ms - last_ms) * 1000)) });
      last_ms = now_ms;
    }, signal);
  }

  private async within(order: BuildOrder, folder: string, lane: Lane, emit: Emit, signal: AbortSignal): Promise<Built | BuildFailed> {
    const { evidence, random, repositories } = this.deps;
    const started_s = evidence.now_s();
    const repository = await repositories.open(order.repo_id, order.object_format);
    const settled = await this.settle(order, repository, folder, lane);
    emit("plan");
    const tools = await this.tools(settled, lane);
    emit("tools");
    const first = await attempt(this.deps, repository, settled, join(folder, "first"), lane, signal);
    emit("run");
    if (first.because !== null) return failed(first);
    const second = order.repeat ? await attempt(this.deps, repository, settled, join(folder, "second"), lane, signal) : null;
    if (second !== null) emit("repeat");
    if (second !== null && second.because !== null) return failed(second, "the second run: ");
    const differing = second === null ? null : [...first.outputs].flatMap(([path, { sha256 }]) => (second.outputs.get(path)?.sha256 === sha256 ? [] : [path]));
    const { row, bundle } = await recordBuild(this.deps, { ordered: order, owner: order.owner, definition: definitionOf(order, { ...settled, tools }), invocation: toHex(random.bytes(INVOCATION_BYTES)), started_s, outputs: first.outputs, log: first.log, differing });
    emit("evidence");
    return { event: "built", row, bundle: toBase64(bundle), log: first.log, differing, gaps: first.gaps.map(({ what, because }) => `${what}: ${because}`.slice(0, 2000)) };
  }

  /** What is to be run, by the host or by the trusted commit alone, over which tree. */
  private async settle({ name, target, commit, mode }: BuildOrder, { git_dir, object_format }: Repository, folder: string, lane: Lane): Promise<Settled> {
    const { host, git } = this.deps;
    const { command, worker, sandbox, build: limits } = host.limits;
    const deadline_ms = worker.facts_deadline_ms;
    const plan = await lane.run({ kind: "build-plan", git: { ...git }, git_dir, object_format, target, commit, policy_path: join(folder, "policy"), tree_entries_max: command.tree_entries_max, deadline_ms }, deadline_ms);
    if (plan.config.state === "broken") throw new MaestroError("config.malformed", `of the target: ${plan.config.because}`);
    const declared = declaredBuild(host, plan.config.state === "read" ? plan.config.config : null, name);
    return { ...declared, plan, chains: chainsOf(declared.build, host.mounts), tier: mode === "fork" ? "runsc" : "bwrap", limits: limitsOf(declared.build, sandbox, limits) };
  }

  private tools({ build, chains }: Settled, lane: Lane): Promise<ToolDigestsReply> {
    const { command, build: { digest_bytes_max, digest_deadline_ms } } = this.deps.host.limits;
    const mounts = chains.flatMap(({ name, mount: { folders } }) => folders.map(({ host, inside }) => ({ name, host, inside, whole: name !== SYSTEM_MOUNT })));
    const path = build.env?.["PATH"]?.split(":") ?? pathOf(chains);
    // Once for each tool chain and once for the program, each within its own deadline.
    const deadline_ms = digest_deadline_ms * (mounts.filter(({ whole }) => whole).length + 1);
    return lane.run({ kind: "tool-digests", program: build.run[0] ?? "", path, mounts, entries_max: command.tool_entries_max, bytes_max: digest_bytes_max, deadline_ms: digest_deadline_ms }, deadline_ms);
  }
}
