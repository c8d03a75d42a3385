/** Puts the daemon together: the only file beside `main.ts` that knows every room. No socket here, so that tests can hold a daemon in process. */
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MaestroError } from "../proto/errors.ts";
import type { RuleDoc } from "../proto/api.ts";
import type { Host } from "./config/host.ts";
import { Builder } from "./building/index.ts";
import { openGuarding, openWatching, tellDecided, type Guarding, type Watching } from "./guarding/index.ts";
import { openExportedBy } from "./exported.ts";
import { createEgress } from "./egress/index.ts";
import { createKeyless, type Keyless } from "./egress/keyless/index.ts";
import { openTestHistory } from "./commands/history.ts";
import { openTrees } from "./commands/trees.ts";
import { BuildDesk } from "./gate/builds.ts";
import { listedRow } from "./gate/card-list.ts";
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
import { type Bundle, readBundle } from "./policy/index.ts";
import { candidatesJudged } from "./candidates.ts";
import { Reporter } from "./report/index.ts";
import { Shipper } from "./shipping/index.ts";
import { createTenants, type Tenants } from "./tenants/index.ts";
import { openRunUsage, type RunUsage } from "./tenants/usage.ts";
import { type Evaluating, openEvaluating } from "./evaluating.ts";
import { type Learned, openLearned } from "./learned.ts";
import { type Drafted, openDrafted } from "./drafted.ts";
import { type Exampled, type ExampledDeps, openExampled } from "./exampled.ts";
import { type Modelled, openModelled } from "./modelled.ts";
import { type Money, openMoney } from "./money.ts";
import { openRouted, type Routed } from "./routed.ts";
import { openState, type State, type StateOptions } from "./state.ts";
import { openWitnessing, type Witnessing } from "./witnessing.ts";
import { openKeptOutcomes, type KeptOutcomeTable } from "./store/reuse.ts";
import { forgetOld } from "./store/upgrade.ts";

export interface CoreOptions extends StateOptions {
  readonly random: Random;
  /** The user who owns the host's configuration file; absent where there is no file. */
  readonly config_owner?: () => number | null;
  /** A line of the log that warns of nothing; absent, it is not kept. */
  readonly say?: (what: string) => void;
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
  readonly learned: Learned;
  readonly money: Money;
  readonly routed: Routed;
  readonly evaluating: Evaluating;
  readonly modelled: Modelled;
  readonly drafted: Drafted;
  readonly exampled: Exampled;
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

async function readPolicy(host: Host): Promise<Pick<Bundle, "name" | "data"> & { readonly bytes: Uint8Array; readonly digest: Pick<Bundle, "wasm_sha256" | "data_sha256"> }> {
  const path = host.policy_bundle ?? DEFAULT_POLICY;
  try {
    const bytes = new Uint8Array(await readFile(path));
    const { name, data, wasm_sha256, data_sha256 } = readBundle(bytes, path);
    return { bytes, name, data, digest: { wasm_sha256, data_sha256 } };
  } catch (error) {
    if (error instanceof MaestroError) throw error;
    throw new MaestroError("policy.load", `${path} cannot be read`, { cause: error });
  }
}

interface LearningDeps {
  readonly options: CoreOptions;
  readonly state: State;
  readonly tenants: Tenants;
  readonly pool: WorkerPool;
  readonly scratch_dir: string;
  readonly now_s: () => number;
  readonly watching: Watching;
}

/** Decisions that are learned from, what their work is paid from, and who says which arm answers. */
async function openLearning({ options, state, tenants, pool, scratch_dir, now_s, watching }: LearningDeps): Promise<Pick<Core, "money" | "learned" | "evaluating" | "routed">> {
  const { host, clock, random, state_dir } = options;
  const money = await openMoney({ host, store: state.store, tenants, clock });
  let routed: Routed | null = null;
  const learned = openLearned({ ...state, host, clock, warn: options.warn, exporting: openExportedBy({ state_dir, store: state.store, pool, host, warn: options.warn }), closed: (episode) => (routed?.closed(episode), money.closed(episode)), expired: async (before_ms) => routed?.expire(before_ms), decided: (episode) => routed?.decided(episode) ?? null });
  const evaluating = openEvaluating({ learned, store: state.store, now_s, pool, scratch_dir, limits: host.limits.learning });
  routed = await openRouted({ host, learned, purse: (principal) => money.purse(principal), store: state.store, random, warn: options.warn, refusing: (...of) => watching.breakers.refusing(...of) });
  return { money, learned, evaluating, routed };
}

function withExamples(deps: ExampledDeps & { readonly state: State }): readonly [Exampled, Drafted] {
  const exampled = openExampled(deps);
  const { artifacts, evidence, gates, outbox, usage } = deps.state;
  return [exampled, openDrafted({ ...deps, exampled, artifacts, evidence, gates, outbox, usage })];
}

/**
 * Opens state and log and starts nothing that runs by itself. The caller holds the state folder's lock.
 * Throws what its parts refuse: `git.missing`, `policy.load`, `store.*`, `evidence.*`.
 */
export async function composeCore(options: CoreOptions): Promise<Core> {
  const { state_dir, host, clock, random } = options;
  await mkdir(state_dir, { recursive: true, mode: 0o700 });
  // Asking git takes a process of its own, so everything else is read meanwhile.
  let [watching, witnessing, recorded]: [Watching | null, Witnessing | null, State["gates"] | null] = [null, null, null];
  const [tools, policy, guarding] = await Promise.all([findGit(), readPolicy(host), openGuarding({ folder: host.invariants_folder, warn: options.warn, passed: (event, fields) => watching?.events.own(event, fields), recorded: (gate_id, attempt) => (attempt === null ? recorded?.attempts(gate_id).at(-1) : recorded?.get(gate_id, attempt)) })]);
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
  const act = guarding.guards.check;
  recorded = gates;
  watching = openWatching({ store: state.store, clock, now_s: () => evidence.now_s(), guards: guarding.guards, limits: host.limits, breakers: host.breakers, warn: options.warn });
  const tenants = await createTenants({ host, trust_domain: evidence.trust_domain, own_uid: process.getuid?.() ?? -1, store: state.store, clock, now_s: evidence.now_s, warn: options.warn, act, ...(host.market === null ? {} : { taken: (tenant: string | null, cpu_us: number) => learning.money.market?.spent(tenant, { cpu_us }) }) });
  const pool = createPool(options, act);
  // Of the state folder a sandbox may only ever be shown what a gate wrote out for it.
  // A gate runs one job at a time, so nobody waits for another tenant's to end: as many launchers as the turnstile lets in.
  const sandbox = createSandbox({ launchers_max: heldMax(host.limits.gate.gates_max) + heldMax(host.limits.build.builds_max), worker: host.limits.worker, private_paths: [state_dir], work_paths: [trees_dir], socket: host.sandbox_socket });
  const judging = { history: openTestHistory({ store: state.store, now_s: () => evidence.now_s() }), host, git: tools, pool, sandbox, clock, now_s: evidence.now_s, scratch_dir, trees_dir, evaluate: candidatesJudged(() => learning), host_policy: { path: policy_copy, name: policy.name } };
  const judge = new Judge(judging);
  const helped = { host, state_dir, git_folder: dirname(tools.git), clock, cgroups: options.cgroups };
  const [egress, keyless] = [createEgress(helped), createKeyless(helped)];
  witnessing = openWitnessing({ host, state_dir, state, egress, clock, random, warn: options.warn });
  const targets = new Targets({ host, egress, repositories, act });
  const shelf = new ReleaseShelf({ host, releases: state.releases, artifacts, gates, config_owner: options.config_owner ?? (() => null), keyed: (text) => evidence.keyed("person", text), now_s: () => Math.max(evidence.now_s(), Math.floor(clock.now_ms() / 1000)), warn: options.warn });
  const outcomes = openKeptOutcomes({ store: state.store, usage: state.usage, limits: host.limits.command });
  const run_usage = openRunUsage({ store: state.store, now_s: () => evidence.now_s() });
  const costs = new ChangeCosts({ tenants, run_usage, priced: ({ cpu_us, model_tokens: tokens, usd_micro = 0, gpu_us = 0 }) => learning.money.market?.billed({ cpu_us, tokens, usd_micro, gpu_us }) ?? null });
  const keeper = new GateKeeper({ act, decided: tellDecided({ guards: guarding.guards, rowOf: (...of) => listedRow({ gates, costs }, ...of), warn: options.warn }), costs, priced: () => learning.money.market?.document() ?? null, shelf, outcomes, ...judging, judge, repositories, targets, evidence, gates, artifacts, outbox, usage: state.usage, edges: state.edges, host_policy_digest: policy.digest });
  const builder = new Builder({ ...judging, evidence, artifacts, outbox, usage: state.usage, repositories, random });
  const desk = new BuildDesk({ limits: host.limits, builder, targets, act });
  const shipper = new Shipper({ host, git: tools, pool, repositories, gates, evidence, artifacts, outbox, usage: state.usage, store: state.store, shipped: state.shipped });
  const ship_desk = new ShipDesk({ limits: host.limits, shipper, targets, act });
  const sboms = new SbomDesk({ git: tools, limits: host.limits, pool, repositories, artifacts, scratch_dir });
  const releaser = new Releaser({ shelf, keeper, host, gates, artifacts, outbox, releases: state.releases, evidence, usage: state.usage, clock, random, own_uid: process.getuid?.() ?? -1, inTenant: (peer) => tenants.isTenant(peer) });
  const simulator = new Simulator({ releaser, shelf, judge, repositories, turns: new Turnstile(1, SIMULATIONS_WAITING_MAX, act) });
  const replay = new Replay({ judge, repositories, changes_max: host.limits.gate.replay_changes_max, lanes: host.limits.worker.pool_size, worst: worstCase(host.limits.gate), ...(shelf.deps.keyed === undefined ? {} : { keyed: shelf.deps.keyed }) });
  const planner = new Planner({ ...judging, gates, tenants });
  const reporter = new Reporter({ summaries: gates.summaries, gates, shipped: state.shipped, now_s: () => evidence.now_s(), spending: (change) => run_usage.of(change), per_person: host.report.per_person });
  const intakes = new Intakes(host.limits.intake, clock, random, host);
  const learning = await openLearning({ options, state, tenants, pool, scratch_dir, now_s: evidence.now_s, watching });
  const modelled = openModelled({ host, money: learning.money, state, run_usage, clock, random, helped, act, say: options.say ?? (() => undefined), warn: options.warn });
  const [exampled, drafted] = withExamples({ host, modelled, state, state_dir, git: tools, pool, repositories, warn: options.warn });
  const integrity = await openIntegrity({ ...state, episodes: learning.learned, state_dir, clock, limits: host.limits, resident: host.idle_exit_ms === 0, in_use: () => intakes.repositories(), kept: outcomes, history: judging.history, examples: exampled, config: host, warn: options.warn, ...(options.expiry_step === undefined ? {} : { step: options.expiry_step }) });
  forgetOld(state_dir);
  return {
    options, git, tools, repositories, pool, ...state, outcomes, tenants, keeper, desk, sboms, ship_desk, shelf, releaser, simulator, replay, planner, targets, keyless, reporter, run_usage, costs, witnessing, guarding, watching, ...learning,
    intakes, integrity, modelled, drafted, exampled,
    policy_bytes: policy.bytes, rules: ruleDocs(policy.data),
    async close() {
      witnessing?.cosigned.stop();
      await Promise.all([integrity.stop(), exampled.close()]);
      await Promise.all([pool.drain(POOL_DRAIN_MS), sandbox.close(), egress.close(), keyless.close(), modelled.close()]);
      // A gate whose process was just taken away still has files to put away before its bill is written.
      await tenants.settled(SETTLE_MS);
      await learning.learned.stop();
      await evidence.published();
      watching?.events.close();
      await state.store.close();
    },
  };
}
