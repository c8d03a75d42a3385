/** A whole daemon without its socket, in a folder of its own, for tests: real git, LMDB, log, keys and check processes. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { GateRequest, GateResult } from "../../proto/api.ts";
import type { Identity } from "../../proto/change.ts";
import type { HostConfig } from "../../proto/config.ts";
import { fromBase64 } from "../../proto/encoding.ts";
import { composeCore, type Core } from "../compose.ts";
import { EMBEDDED_CONFIG, resolveHost } from "../config/host.ts";
import { GateKeeper, type Progress } from "../gate/gate.ts";
import type { Intake } from "../gate/intakes.ts";
import { Judge } from "../gate/judge.ts";
import { Targets } from "../gate/targets.ts";
import type { Faults } from "../gate/testing/faulty-worker.ts";
import { faultyPool } from "../gate/testing/judging.ts";
import type { ActionGuard } from "../platform/action-guard.ts";
import { receivePack } from "../platform/git/intake.ts";
import { Scratch, streamOf, type Source } from "../platform/git/testing/scratch.ts";
import type { WorkerPool } from "../platform/pool/pool.ts";
import { bundleDigest } from "../policy/index.ts";
import { verifyBundle } from "../verifier/index.ts";
import { FakeClock } from "./clock.ts";
import { WORKER } from "./programs.ts";
import { SeededRandom } from "./random.ts";
import { noSandbox } from "./sandbox.ts";
import { ownUser } from "./tenants.ts";

export const UID = 7;
const never = new AbortController().signal;
const remoteless = (): Promise<never> => Promise.reject(new Error("a test without a remote asked one"));
const NO_REMOTE = { tip: remoteless, knows: () => true, history: remoteless, close: () => Promise.resolve() };

type Asked = Omit<GateRequest, "intake_id">;

/** A gatekeeper over one core whose check processes are told what to do wrong. */
export interface Told {
  readonly keeper: GateKeeper;
  readonly pool: WorkerPool;
}

export class World implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly warnings: unknown[] = [];
  /** Whose the host's configuration file is, for who may release what. */
  config_owner: number | null = 0;
  readonly #pools: WorkerPool[] = [];
  #core: Core | undefined;

  private constructor(
    readonly scratch: Scratch,
    readonly config: HostConfig,
  ) {}

  static async open(config: Partial<HostConfig> = {}): Promise<World> {
    const world = new World(await Scratch.create(), { ...EMBEDDED_CONFIG, ...config });
    try {
      await world.start();
    } catch (error) {
      world.scratch.dispose();
      throw error;
    }
    return world;
  }

  get core(): Core {
    if (this.#core === undefined) throw new Error("the core is closed");
    return this.#core;
  }

  get state_dir(): string {
    return join(this.scratch.root, "state");
  }

  async start(): Promise<void> {
    this.#core = await composeCore({
      state_dir: this.state_dir,
      host: resolveHost(this.config),
      clock: this.clock,
      random: new SeededRandom("core"),
      config_owner: () => this.config_owner,
      worker_program: WORKER,
      fatal: (reason) => this.warnings.push(reason),
      warn: (_, error) => this.warnings.push(error),
    });
  }

  async stop(): Promise<void> {
    await this.core.close();
    this.#core = undefined;
  }

  /** An intake whose pack has arrived: the tips with all history behind them. */
  async received(source: Source, tips: readonly string[], repository = "demo", owner = ownUser(UID)): Promise<Intake> {
    const { intakes, repositories, git, options } = this.core;
    const intake = intakes.open(owner, { repository, object_format: source.object_format, cuts: [], tips: [...tips] });
    const commits = source.git("rev-list", ...tips).split("\n");
    await receivePack(git, await repositories.open(intake.repo_id, intake.object_format), intake, streamOf(source.body(commits, tips)), { limits: options.host.limits.intake });
    intakes.arrived(intake);
    return intake;
  }

  /** An intake that nothing was sent for, marked as if it had been: for check processes that read no repository. */
  claimed(repository = "demo"): Intake {
    const intake = this.core.intakes.open(ownUser(UID), { repository, object_format: "sha1", cuts: [], tips: ["a".repeat(40)] });
    this.core.intakes.arrived(intake);
    return intake;
  }

  /** A keeper over this core's log and store; `host` and `policy` replace what the core was composed with. */
  told(faults: Faults = {}, change: { readonly host?: Partial<HostConfig>; readonly policy?: Uint8Array; readonly core?: Partial<Core>; readonly act?: ActionGuard; readonly decided?: (gate_id: string, attempt: number) => void } = {}): Told {
    const { tools, repositories, evidence, gates, artifacts, outbox, usage, shelf, outcomes } = { ...this.core, ...change.core };
    const host = resolveHost({ ...this.config, ...change.host });
    const pool = faultyPool(faults, host.limits);
    this.#pools.push(pool);
    const judging = { host, git: tools, pool, sandbox: noSandbox, clock: this.clock, scratch_dir: join(this.state_dir, "scratch"), trees_dir: join(this.state_dir, "trees"), host_policy: { path: "/nonexistent/policy", name: "told" } };
    const policy = change.policy ?? new Uint8Array([1]);
    return { pool, keeper: new GateKeeper({ ...(change.act === undefined ? {} : { act: change.act }), ...(change.decided === undefined ? {} : { decided: change.decided }), shelf, outcomes, ...judging, judge: new Judge(judging), repositories, targets: new Targets({ host, egress: NO_REMOTE, repositories }), evidence, gates, artifacts, outbox, usage, host_policy_digest: bundleDigest(policy, "the policy of this test") }) };
  }

  gate(intake: Intake, asked: Asked, keeper = this.core.keeper, listen: (event: Progress) => void = () => undefined, signal = never): Promise<GateResult> {
    return keeper.submit(intake, { intake_id: intake.id, ...asked }, listen, signal);
  }

  /** The identity the evidence was signed for; throws where the bundle does not verify. */
  identityOf({ bundle }: GateResult): Identity {
    const verification = verifyBundle(fromBase64(bundle) ?? new Uint8Array(0), this.core.evidence.trust_bytes, { now: new Date(this.clock.now_ms()) });
    if (verification.result !== "verified" || verification.statement === null) throw new Error(JSON.stringify(verification.reasons));
    return verification.statement.predicate.identity;
  }

  /** What stays behind of a gate: log entries, rows, blobs, names, and folders of work in progress. */
  kept(): Record<string, unknown> {
    const { evidence, gates, artifacts } = this.core;
    const names = (folder: string): string[] => readdirSync(join(this.state_dir, folder)).sort();
    return { log: evidence.logState().size, gates: gates.count(), artifacts: artifacts.names(), blobs: names("oci/blobs/sha256"), incoming: names("incoming") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.drain(0)));
    if (this.#core !== undefined) await this.stop();
    this.scratch.dispose();
  }
}
