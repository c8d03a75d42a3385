/** Puts the daemon together: the only file beside `main.ts` that knows every room. No socket here, so that tests can hold a daemon in process. */
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MaestroError } from "../proto/errors.ts";
import type { RuleDoc } from "../proto/api.ts";
import type { Host } from "./config/host.ts";
import { Builder } from "./building/index.ts";
import { openGuarding, openWatching, type Guarding, type Watching } from "./guarding/index.ts";
import { createEgress } from "./egress/index.ts";
import { createKeyless, type Keyless } from "./egress/keyless/index.ts";
import { openTestHistory } from "./commands/history.ts";
import { openTrees } from "./commands/trees.ts";
import { BuildDesk } from "./gate/builds.ts";
import { GateKeeper } from "./gate/gate.ts";
import { ChangeCosts } from "./gate/cost/change-cost.ts";
import { worstCase } from "./gate/cost/cost.ts";
import { Intakes } from "./gate/intakes.ts";
import { Judge } from "./gate/judge.ts";
import { Planner } from "./gate/plan/index.ts";
import { ReleaseShelf } from "./gate/releasing/released.ts";
import { Releaser } from "./gate/releasing/releaser.ts";
import { Replay } from "./gate/replay.ts";
import { ruleDocs } from "./gate/rules.ts";
import { ShipDesk } from "./gate/shipments.ts";
import { Simulator } from "./gate/releasing/simulate.ts";
import { SbomDesk } from "./gate/sbom-desk.ts";
import { Targets } from "./gate/targets.ts";
import { Turnstile } from "./gate/turnstile.ts";
import { openIntegrity, type Integrity } from "./integrity/index.ts";
import { RepositoryStore } from "./platform/git/repository-store.ts";
import { findGit, Git, type GitTools } from "./platform/git/runner.ts";
import type { ActionGuard } from "./platform/action-guard.ts";
import type { CgroupHome } from "./platform/cgroup/memory-home.ts";
import { WorkerPool } from "./platform/pool/pool.ts";
import { heldMax } from "./platform/pool/shares.ts";
import type { Random } from "./platform/random.ts";
import { createSandbox } from "./platform/sandbox/index.ts";
import { readBundle } from "./policy/index.ts";
import { Reporter } from "./report/index.ts";
import { Shipper } from "./shipping/index.ts";
import { createTenants, type Tenants } from "./tenants/index.ts";
import { openRunUsage, type RunUsage } from "./tenants/usage.ts";
import { openState, type State, type StateOptions } from "./state.ts";
import { openWitnessing, type Witnessing } from "./witnessing.ts";
import { openKeptOutcomes, type KeptOutcomeTable } from "./store/reuse.ts";
import { forgetOld } from "./store/upgrade.ts";

export interface CoreOptions extends StateOptions {
  readonly random: Random;
  /** The user who owns the host's configuration file; absent where there is no file. */
  readonly config_owner?: () => number | null;
  /** Where the kernel caps the memory of check processes; absent, it is watched. */
  readonly cgroups?: CgroupHome | undefined;
  /** What check processes run, of tests alone; absent, this source or the bundle of it that a package holds. */
  readonly worker_program?: string;
  /** Before each step of expiry; of a test alone, which dies there. */
  readonly expiry_step?: (name: string) => void;
}

/** Everything behind the socket. */
export interface Core extends State {
  readonly options: CoreOptions;
  readonly git: Git;
  readonly tools: GitTools;
  readonly repositories: RepositoryStore;
  readonly pool: WorkerPool;
  readonly tenants: Tenants;
  readonly intakes: Intakes;
  readonly keeper: GateKeeper;
  readonly desk: BuildDesk;
  readonly sboms: SbomDesk;
  readonly ship_desk: ShipDesk;
  readonly outcomes: KeptOutcomeTable;
  readonly integrity: Integrity;
  readonly replay: Replay;
  readonly shelf: ReleaseShelf;
  readonly releaser: Releaser;
  readonly simulator: Simulator;
  readonly planner: Planner;
  /** The host's policy as it was read at the start. */
  readonly policy_bytes: Uint8Array;
  readonly targets: Targets;
  readonly keyless: Keyless;
  readonly reporter: Reporter;
  readonly run_usage: RunUsage;
  readonly costs: ChangeCosts;
  readonly witnessing: Witnessing;
  readonly guarding: Guarding;
  readonly watching: Watching;
  readonly rules: readonly RuleDoc[];
  close(): Promise<void>;
}

const DEFAULT_POLICY = Bun.fileURLToPath(new URL("../policies/default/bundle.tar.gz", import.meta.url));
/** A package holds the check process in one file, which is up in a third of the time; a clone, whose source may change, does not. */
const [BUNDLED_WORKER = "", SOURCE_WORKER = ""] = ["../run/worker.js", "./gate/worker.ts"].map((program) => Bun.fileURLToPath(new URL(program, import.meta.url)));
/** One at a time; more than a few people do not ask at once. */
const SIMULATIONS_WAITING_MAX = 16;
const POOL_DRAIN_MS = 2_000;
const SETTLE_MS = 2_000;

function createPool({ host, cgroups, worker_program }: CoreOptions, act: ActionGuard): WorkerPool {
  const { worker } = host.limits;
  const program = worker_program ?? (existsSync(BUNDLED_WORKER) ? BUNDLED_WORKER : SOURCE_WORKER);
  return new WorkerPool({ argv: [process.execPath, "--smol", program], cwd: "/", env: {}, limits: worker, size: worker.pool_size, backoff: worker, cgroups, act });
}

async function readPolicy(host: Host): Promise<{ bytes: Uint8Array; name: string; data: unknown }> {
  const path = host.policy_bundle ?? DEFAULT_POLICY;
  try {
    const bytes = new Uint8Array(await readFile(path));
    const { name, data } = readBundle(bytes, path);
    return { bytes, name, data };
  } catch (error) {
    if (error instanceof MaestroError) throw error;
    throw new MaestroError("policy.load", `${path} cannot be read`, { cause: error });
  }
}

/**
 * Opens state and log and starts nothing that runs by itself. The caller holds the state folder's lock.
 * Throws what its parts refuse: `git.missing`, `policy.load`, `store.*`, `evidence.*`.
 */
export async function composeCore(options: CoreOptions): Promise<Core> {
  const { state_dir, host, clock, random } = options;
  await mkdir(state_dir, { recursive: true, mode: 0o700 });
  // Asking git takes a process of its own, so everything else is read meanwhile.
  let [watching, witnessing]: [Watching | null, Witnessing | null] = [null, null];
  const [tools, policy, guarding] = await Promise.all([findGit(), readPolicy(host), openGuarding({ folder: host.invariants_folder, warn: options.warn, passed: (event, fields) => watching?.events.own(event, fields) })]);
  // Before anything else in the folder is touched: one of another version is left as it is.
  const state = await openState({ ...options, guard: guarding.writes, appended: () => witnessing?.cosigned.nudge() });
  const git = new Git(tools);
  const repositories = new RepositoryStore(join(state_dir, "repositories"), git);
  const scratch_dir = join(state_dir, "scratch");
  // Whatever a killed daemon left half done was never acknowledged.
  await Promise.all([repositories.sweep(), rm(scratch_dir, { recursive: true, force: true })]);
  const trees_dir = await openTrees(state_dir);
  // Check processes read this copy: the operator's file may change meanwhile, and what is signed names the policy as it was read here.
  const policy_copy = join(state_dir, "host-policy.tar.gz");
  await writeFile(policy_copy, policy.bytes, { mode: 0o600 });
  const { artifacts, gates, outbox, evidence } = state;
  watching = openWatching({ store: state.store, clock, now_s: () => evidence.now_s(), guards: guarding.guards, limits: host.limits, warn: options.warn });
  const tenants = await createTenants({ host, trust_domain: evidence.trust_domain, own_uid: process.getuid?.() ?? -1, store: state.store, clock, now_s: evidence.now_s, warn: options.warn, act: guarding.guards.check });
  const pool = createPool(options, guarding.guards.check);
  // Of the state folder a sandbox may only ever be shown what a gate wrote out for it.
  // A gate runs one job at a time, so nobody waits for another tenant's to end: as many launchers as the turnstile lets in.
  const sandbox = createSandbox({ launchers_max: heldMax(host.limits.gate.gates_max) + heldMax(host.limits.build.builds_max), worker: host.limits.worker, private_paths: [state_dir], work_paths: [trees_dir], socket: host.sandbox_socket });
  const judging = { history: openTestHistory({ store: state.store, now_s: () => evidence.now_s() }), host, git: tools, pool, sandbox, clock, now_s: evidence.now_s, scratch_dir, trees_dir, host_policy: { path: policy_copy, name: policy.name } };
  const judge = new Judge(judging);
  const helped = { host, state_dir, git_folder: dirname(tools.git), clock, cgroups: options.cgroups };
  const egress = createEgress(helped);
  const keyless = createKeyless(helped);
  witnessing = openWitnessing({ host, state_dir, state, egress, clock, random, warn: options.warn });
  const { cosigned } = witnessing;
  const targets = new Targets({ host, egress, repositories });
  const shelf = new ReleaseShelf({ host, releases: state.releases, artifacts, gates, config_owner: options.config_owner ?? (() => null), keyed: (text) => evidence.keyed("person", text), now_s: () => Math.max(evidence.now_s(), Math.floor(clock.now_ms() / 1000)), warn: options.warn });
  const outcomes = openKeptOutcomes({ store: state.store, usage: state.usage, limits: host.limits.command });
  const run_usage = openRunUsage({ store: state.store, now_s: () => evidence.now_s() });
  const costs = new ChangeCosts({ tenants, run_usage });
  const keeper = new GateKeeper({ act: guarding.guards.check, costs, shelf, outcomes, ...judging, judge, repositories, targets, evidence, gates, artifacts, outbox, usage: state.usage, edges: state.edges, host_policy_bytes: policy.bytes });
  const builder = new Builder({ ...judging, evidence, artifacts, outbox, usage: state.usage, repositories, random });
  const desk = new BuildDesk({ limits: host.limits, builder, targets });
  const shipper = new Shipper({ host, git: tools, pool, repositories, gates, evidence, artifacts, outbox, usage: state.usage, store: state.store, shipped: state.shipped });
  const ship_desk = new ShipDesk({ limits: host.limits, shipper, targets });
  const sboms = new SbomDesk({ git: tools, limits: host.limits, pool, repositories, artifacts, scratch_dir });
  const releaser = new Releaser({ shelf, keeper, host, gates, artifacts, outbox, releases: state.releases, evidence, usage: state.usage, clock, random, own_uid: process.getuid?.() ?? -1, inTenant: (peer) => tenants.isTenant(peer) });
  const simulator = new Simulator({ releaser, shelf, judge, repositories, turns: new Turnstile(1, SIMULATIONS_WAITING_MAX) });
  const replay = new Replay({ judge, repositories, changes_max: host.limits.gate.replay_changes_max, lanes: host.limits.worker.pool_size, worst: worstCase(host.limits.gate), ...(shelf.deps.keyed === undefined ? {} : { keyed: shelf.deps.keyed }) });
  const planner = new Planner({ ...judging, gates, tenants });
  const reporter = new Reporter({ summaries: gates.summaries, gates, shipped: state.shipped, now_s: () => evidence.now_s(), spending: (change) => run_usage.of(change), per_person: host.report.per_person });
  const intakes = new Intakes(host.limits.intake, clock, random, host);
  const integrity = await openIntegrity({
    ...state, state_dir, clock, limits: host.limits, resident: host.idle_exit_ms === 0, in_use: () => intakes.repositories(), kept: outcomes, history: judging.history, config: host, warn: options.warn, ...(options.expiry_step === undefined ? {} : { step: options.expiry_step }),
  });
  forgetOld(state_dir);
  return {
    options, git, tools, repositories, pool, ...state, outcomes, tenants, keeper, desk, sboms, ship_desk, shelf, releaser, simulator, replay, planner, targets, keyless, reporter, run_usage, costs, witnessing, guarding, watching,
    intakes,
    integrity,
    policy_bytes: policy.bytes,
    rules: ruleDocs(policy.data),
    async close() {
      cosigned.stop();
      await integrity.stop();
      await Promise.all([pool.drain(POOL_DRAIN_MS), sandbox.close(), egress.close(), keyless.close()]);
      // A gate whose process was just taken away still has files to put away before its bill is written.
      await tenants.settled(SETTLE_MS);
      await evidence.published();
      watching?.events.close();
      await state.store.close();
    },
  };
}
