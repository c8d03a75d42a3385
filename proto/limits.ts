/** Every limit of a host, with its default and its reason, in one place. Units stand last in the names. */
import { Type, type Static } from "@sinclair/typebox";
import { Closed } from "./scalar.ts";
import { TenantLimits } from "./tenant.ts";

/** A whole number from 1 up, with its default. */
export const limit = (value: number, description: string) => Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, default: value, description });

const KiB = 1024;
export const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

/** Socket server. */
export const ServerLimits = Closed({
  connections_max: limit(256, "well under RLIMIT_NOFILE: past it Bun spins in accept"),
  connections_per_uid_max: limit(192, "one user's flood leaves room for the operator"),
  requests_per_connection_max: limit(10_000, "then the connection is closed after its reply"),
  pipelined_max: limit(8, "requests in flight on one connection; past it the connection is dropped"),
  header_bytes_max: limit(16 * KiB, "headers of one request"),
  header_timeout_ms: limit(5_000, "a client that drips its headers is cut off"),
  json_bytes_max: limit(1 * MiB, "a JSON request body"),
  json_depth_max: limit(32, "nesting of a JSON request body"),
  body_idle_timeout_ms: limit(30_000, "no byte of a request or reply body moved for this long ends the request"),
  body_deadline_ms: limit(600_000, "a body dripped below every idle limit still ends here"),
  linger_ms: limit(1_000, "after a refusal the rest of the request is read and dropped this long, so that the client gets to see the answer"),
  keep_alive_timeout_ms: limit(60_000, "an idle connection is closed"),
  drain_deadline_ms: limit(30_000, "a graceful stop waits this long for requests in flight"),
  loop_turn_ms_max: limit(1_000, "with slower turns of the event loop the service manager's watchdog hears nothing"),
});
export type ServerLimits = Static<typeof ServerLimits>;

/** What a client may stream in. */
export const IntakeLimits = Closed({
  pack_bytes_max: limit(2 * GiB, "one pack; a larger repository needs its remote configured"),
  objects_max: limit(2_000_000, "objects of one pack"),
  object_bytes_max: limit(256 * MiB, "one unpacked object: a pack bomb stops here"),
  commits_max: limit(20_000, "commits between merge base and head"),
  intake_deadline_ms: limit(300_000, "index-pack, connectivity and migration together"),
  intake_idle_ttl_ms: limit(600_000, "an intake nobody gates is forgotten"),
  intakes_max: limit(64, "open intakes"),
  packs_max: limit(64, "packs kept of one repository: git looks through each for an object it does not have"),
  packs_bytes_max: limit(8 * GiB, "packs kept of one repository, together; the oldest go first"),
});
export type IntakeLimits = Static<typeof IntakeLimits>;

/** What is collected of one change; what is cut is said in a gap. */
export const FactsLimits = Closed({
  files_max: limit(100_000, "changed files"),
  tree_entries_max: limit(500_000, "entries of the merged tree"),
  diff_bytes_max: limit(64 * MiB, "text of all hunks"),
  file_diff_bytes_max: limit(16 * MiB, "text of one file's hunks, so that one large file does not hide the rest"),
  line_bytes_max: limit(1 * MiB, "one line of a hunk, the rest is cut: minified files and source maps are one line and still hold tokens"),
  content_bytes_max: limit(8 * MiB, "one whole file handed to a check"),
  contents_bytes_max: limit(64 * MiB, "all whole files handed to checks"),
  commits_max: limit(1_000, "commits described one by one"),
  facts_bytes_max: limit(256 * MiB, "the facts document as a whole"),
});
export type FactsLimits = Static<typeof FactsLimits>;

/** Check processes. */
export const WorkerLimits = Closed({
  pool_size: limit(2, "check processes kept warm; about 40 MB each while they are used"),
  ready_deadline_ms: limit(10_000, "from spawn to ready"),
  facts_deadline_ms: limit(120_000, "collecting facts"),
  check_deadline_ms: limit(20_000, "one check"),
  policy_deadline_ms: limit(5_000, "one policy evaluation"),
  memory_bytes_max: limit(1 * GiB, "resident memory of one check process group"),
  reply_bytes_max: limit(32 * MiB, "one answer of a check process"),
  stderr_bytes_max: limit(64 * KiB, "kept of what a check process prints"),
  restart_backoff_ms: limit(100, "first pause before a crashed process is replaced; doubles"),
  restart_backoff_ms_max: limit(10_000, "longest pause"),
  breaker_deaths_max: limit(10, "check processes one tenant's changes may kill within the window; then its checks are unavailable at once"),
  breaker_window_ms: limit(60_000, "deaths longer ago are forgotten"),
  breaker_open_ms: limit(5_000, "first pause before one check of that tenant is tried again; doubles"),
  breaker_open_ms_max: limit(60_000, "longest such pause"),
});
export type WorkerLimits = Static<typeof WorkerLimits>;

export const GateLimits = Closed({
  gate_deadline_ms: limit(180_000, "one gate from intake to reply; what has not answered by then is unavailable"),
  gates_max: limit(4, "gates at once; more wait in line"),
  queue_max: limit(64, "gates waiting; more get 503"),
  replay_changes_max: limit(2_000, "changes of one replay"),
  valid_for_s: limit(86_400, "an admit holds this long, if its target does not move"),
});
export type GateLimits = Static<typeof GateLimits>;

export const StoreLimits = Closed({
  value_bytes_max: limit(2 * KiB, "an LMDB value; larger bytes are blobs"),
  blob_bytes_max: limit(1 * GiB, "one blob"),
  commit_deadline_ms: limit(5_000, "after a write error LMDB's promises may never settle; past this the process exits"),
  free_bytes_min: limit(16 * MiB, "with less free on the state folder's disk a write is refused: a page that does not fit corrupts LMDB's heap (seen with 3.5.6)"),
});
export type StoreLimits = Static<typeof StoreLimits>;

/** What is kept, for whom, and how often it is looked at again. */
export const IntegrityLimits = Closed({
  start_gates: limit(8, "newest gates whose records, blobs and place in the log are checked again at each start"),
  scrub_bytes_per_s: limit(8 * MiB, "what the scrubber reads in a second: everything kept is looked at again, without being in the way"),
  scrub_interval_ms: limit(86_400_000, "from the end of one pass over everything to the start of the next; a daemon that ends when idle scrubs a little after each gate instead"),
  scrub_slice_bytes: limit(4 * MiB, "read after a gate by a daemon that ends when idle"),
  garbage_age_ms: limit(86_400_000, "nothing younger is removed by gc"),
  tenant_bytes_max: limit(64 * GiB, "evidence and packs kept for one tenant; past it only that tenant is refused"),
  store_bytes_max: limit(512 * GiB, "evidence and packs kept for all tenants together"),
});
export type IntegrityLimits = Static<typeof IntegrityLimits>;

/** One run of outside code in the sandbox. */
export const SandboxLimits = Closed({
  wall_ms: limit(60_000, "one run, from start to collected"),
  cpu_s: limit(120, "processor time of all its processes"),
  memory_bytes_max: limit(2 * GiB, "resident memory of all its processes"),
  processes_max: limit(256, "processes and threads at once"),
  open_files_max: limit(1_024, "descriptors of one process"),
  file_bytes_max: limit(512 * MiB, "one file it writes"),
  scratch_bytes_max: limit(1 * GiB, "everything it writes; scratch is memory"),
  output_bytes_max: limit(8 * MiB, "standard output and error, each"),
});
export type SandboxLimits = Static<typeof SandboxLimits>;

/** What the egress helper may take, in time and bytes. */
export const EgressLimits = Closed({
  helpers_max: limit(4, "helper processes at once"),
  tip_ttl_ms: limit(5_000, "a target's tip is asked for again after this long"),
  tip_deadline_ms: limit(20_000, "asking a remote where a branch stands"),
  fetch_deadline_ms: limit(120_000, "fetching what a remote has and the core does not"),
  fetch_bytes_max: limit(2 * GiB, "one pack from a remote"),
  advertised_bytes_max: limit(64 * MiB, "what a remote says of its branches"),
  mirror_bytes_max: limit(8 * GiB, "the helper's copy of one remote; a larger one is thrown away and fetched anew"),
  memory_bytes_max: limit(2 * GiB, "resident memory of one helper and its git"),
});
export type EgressLimits = Static<typeof EgressLimits>;

/** What goes into and comes out of a declared command; its run itself is bounded by `sandbox`. */
export const CommandLimits = Closed({
  tree_entries_max: limit(200_000, "files of the merged tree that are written out for commands"),
  tree_bytes_max: limit(2 * GiB, "their contents together"),
  tree_deadline_ms: limit(120_000, "writing them out"),
  report_bytes_max: limit(16 * MiB, "one report a command leaves"),
  handed_bytes_max: limit(8 * MiB, "reports a job hands in with one gate, together"),
  reuse_age_s: limit(7 * 86_400, "an answer is used again this long"),
  reuse_repository_bytes_max: limit(64 * MiB, "answers and reports too large for the database that are kept of one repository for one tenant; the oldest go first"),
  reuse_tenant_bytes_max: limit(256 * MiB, "the same of all repositories of one tenant"),
  tool_entries_max: limit(500_000, "files of one tool chain that are looked at to tell whether it is as it was; of a larger one nothing is used again"),
  tool_deadline_ms: limit(15_000, "looking at them; past it nothing is used again"),
  tool_known_ms: limit(300_000, "a tool chain of more than 5,000 files whose top looks as it did is looked through again after this long"),
});
export type CommandLimits = Static<typeof CommandLimits>;

/** Cosigning others' logs, and asking others to cosign this one. */
export const WitnessLimits = Closed({
  submission_bytes_max: limit(64 * KiB, "one checkpoint with its proof; 16 post-quantum signatures fit"),
  submissions_per_s: limit(50, "submissions a second of one user, and of one log"),
  submissions_burst: limit(200, "submissions at once"),
  cosign_debounce_ms: limit(250, "what is logged in so short a time is shown to the witnesses together"),
  cosign_deadline_ms: limit(10_000, "one question to a witness"),
  cosign_backoff_ms: limit(1_000, "first pause after a witness failed; doubles"),
  cosign_backoff_ms_max: limit(300_000, "longest such pause"),
});
export type WitnessLimits = Static<typeof WitnessLimits>;

/** When an action that reaches far is refused for a while, of one tenant; see docs/monitors.md. */
export const BreakerLimits = Closed({
  failures_max: limit(5, "failures or violations within the window that open it"),
  window_ms: limit(600_000, "how long a failure counts"),
  open_ms: limit(60_000, "how long it first stays open; doubles with each opening without a success in between"),
  open_ms_max: limit(3_600_000, "longest opening"),
  probes: limit(1, "calls let in at once when its time is over; one that ends well closes it"),
});
export type BreakerLimits = Static<typeof BreakerLimits>;

/** Events that agents and jobs report. */
export const EventLimits = Closed({
  batch_bytes_max: limit(1 * MiB, "one batch of events"),
  reorder_ms: limit(2_000, "how late an event may come and still be looked at in its place; verdicts wait as long"),
  ahead_ms_max: limit(60_000, "how far an event's time may be ahead of this daemon's clock"),
  waiting_max: limit(10_000, "events of one tenant that wait for their time"),
  sources_max: limit(1_000, "sources of one tenant whose numbers are remembered; the one that is quiet longest goes first"),
  spaces_max: limit(256, "tenants whose events are watched at once"),
});
export type EventLimits = Static<typeof EventLimits>;

/** One run of `maestro build`; what is not named here is bounded by `sandbox` and `command`. */
export const BuildLimits = Closed({
  builds_max: limit(1, "builds at once; more wait in line, apart from gates"),
  wall_ms: limit(600_000, "one run, from start to collected"),
  cpu_s: limit(1_200, "processor time of all its processes"),
  output_bytes_max: limit(64 * MiB, "one output; all of them together are at most 256 MiB"),
  digest_bytes_max: limit(1 * GiB, "contents of one tool chain that are hashed for the provenance; of a larger one it says so"),
  digest_deadline_ms: limit(60_000, "hashing them"),
});
export type BuildLimits = Static<typeof BuildLimits>;

/** One run of a property test: the generated test, or a replay of what it found; see docs/property-tests.md. */
export const PropertyLimits = Closed({
  wall_ms: limit(60_000, "one generated test with its shrinking, or one replay"),
  cpu_s: limit(120, "processor time of one"),
  memory_bytes_max: limit(1 * GiB, "memory of one, its target included"),
  processes_max: limit(128, "processes and threads of one"),
  scratch_bytes_max: limit(64 * MiB, "files of one; scratch is memory"),
  report_bytes_max: limit(4 * MiB, "what one may leave"),
});
export type PropertyLimits = Static<typeof PropertyLimits>;

/** One run of TLC; see docs/modelcheck.md. */
export const ModelRunLimits = Closed({
  wall_ms: limit(60_000, "one model, from start to read"),
  cpu_s: limit(120, "processor time of one model"),
  heap_mib: limit(512, "heap of the JVM; TLC's own default is a quarter of the machine"),
  output_bytes_max: limit(16 * MiB, "everything it prints, a counterexample included"),
  scratch_bytes_max: limit(512 * MiB, "states it writes out; scratch is memory"),
});
export type ModelRunLimits = Static<typeof ModelRunLimits>;

/** Decisions that are learned from. */
export const LearningLimits = Closed({
  episodes_max: limit(1_000_000, "episodes kept of one tenant, or of one user: about a kilobyte each; more are refused until some are past retention.episodes_days"),
  evaluation_rows_max: limit(1_000_000, "episodes that one evaluation or fit rests on; where there are more, the newest"),
  evaluation_ms: limit(120_000, "one evaluation or fit in its check process"),
});
export type LearningLimits = Static<typeof LearningLimits>;

export const MarketLimits = Closed({
  slots_max: Type.Integer({ minimum: 60, maximum: 1_000_000, default: 8_640, description: "closed slots kept for the certificate and the drawing; a day of ten seconds each, about 200 bytes" }),
});
export type MarketLimits = Static<typeof MarketLimits>;

/** Local models: their store, their workers, their caches. */
export const InferenceLimits = Closed({
  file_bytes_max: limit(64 * GiB, "one file of a model"),
  import_idle_ms: limit(60_000, "no byte of an import arrived"),
  context_tokens: limit(4_096, "of each sequence, where a model's entry says nothing else"),
  sequences: limit(4, "generations at once in one model's worker; each holds a context"),
  threads_max: limit(8, "of one worker; the run queue decides below that"),
  line_max: limit(64, "requests that wait for one model"),
  load_deadline_ms: limit(120_000, "from the start of a worker until its model answers"),
  generate_deadline_ms: limit(300_000, "one generation, waiting included"),
  silence_ms: limit(60_000, "a worker that produces no token for this long is killed"),
  idle_ms: limit(300_000, "a worker nobody asks gives its memory back"),
  memory_bytes_max: limit(8 * GiB, "of one worker, resident"),
  output_tokens_max: limit(4_096, "of one generation"),
  prefix_bytes_max: limit(2 * GiB, "saved states of prompts, all tenants together"),
  prefix_floor_bytes: limit(64 * MiB, "of them no tenant's is evicted for another's below this"),
  prefix_floor_idle_s: limit(86_400, "a tenant that kept and used no saved state for so long has no such floor"),
  answers_bytes_max: limit(256 * MiB, "whole answers kept"),
  answers_ttl_s: limit(86_400, "then it is asked again"),
  vectors_max: limit(1_000_000, "embeddings of one index"),
  batch_max: limit(256, "texts of one embedding request"),
  vram_spare_bytes: limit(512 * MiB, "left free on each GPU: drivers and others grow"),
});
export type InferenceLimits = Static<typeof InferenceLimits>;

export const Limits = Closed({
  server: ServerLimits,
  intake: IntakeLimits,
  facts: FactsLimits,
  worker: WorkerLimits,
  gate: GateLimits,
  store: StoreLimits,
  integrity: IntegrityLimits,
  sandbox: SandboxLimits,
  command: CommandLimits,
  build: BuildLimits,
  egress: EgressLimits,
  tenant: TenantLimits,
  witness: WitnessLimits,
  breaker: BreakerLimits,
  event: EventLimits,
  property: PropertyLimits,
  model: ModelRunLimits,
  learning: LearningLimits,
  market: MarketLimits,
  inference: InferenceLimits,
});
export type Limits = Static<typeof Limits>;
