/**
 * Every setting and every limit, with its default and its reason, in one
 * place. Units stand last in the names.
 */
import { Type, type Static } from "@sinclair/typebox";
import { Mode } from "./change.ts";
import { Commands, ToolMounts } from "./command.ts";
import { Effect, RuleMode } from "./decision.ts";
import { ApprovalRules, OverrideRule, PeopleGroups, PersonEntry } from "./people.ts";
import { ObligationRules } from "./report.ts";
import { CheckName, Closed, RepositoryId, RuleId } from "./scalar.ts";
import { StatusHost } from "./status.ts";
import { RulePattern, WaiverEntries, WaiverEntry } from "./waiver.ts";
import { QuarantineEntries } from "./failed-test.ts";
import { ChangeBudget } from "./usage.ts";
import { CapabilitySource, OidcIssuer, SocketEntry, TenantEntry, TenantLimits } from "./tenant.ts";

const limit = (value: number, description: string) => Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, default: value, description });

const KiB = 1024;
const MiB = 1024 * KiB;
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
  egress: EgressLimits,
  tenant: TenantLimits,
});
export type Limits = Static<typeof Limits>;

/** What a rule leads to, by class of actor; an absent field keeps the policy's own word. */
export const RuleSetting = Closed({
  mode: Type.Optional(RuleMode),
  human: Type.Optional(Effect),
  agent: Type.Optional(Effect),
  bot: Type.Optional(Effect),
  unknown: Type.Optional(Effect),
});
export type RuleSetting = Static<typeof RuleSetting>;

const Rules = Type.Record(RuleId, RuleSetting, { additionalProperties: false });

/** Numbers that checks and policy read. */
export const Thresholds = Closed({
  size_lines_max: limit(800, "changed source lines a person can review in one sitting"),
  large_binary_bytes_max: limit(1 * MiB, "a binary file above this is held"),
  tests_removed_max: limit(2, "net tests a change may remove while source changes"),
  assertions_removed_max: limit(4, "net assertions a change may remove while source changes"),
});
export type Thresholds = Static<typeof Thresholds>;

/** `maestro.yaml`, read from the trusted base. It may only tighten what the host decided. */
export const RepositoryConfig = Closed(
  {
    version: Type.Literal(1),
    rules: Type.Optional(Rules),
    required: Type.Optional(Type.Array(CheckName, { maxItems: 64 })),
    thresholds: Type.Optional(Type.Partial(Thresholds, { additionalProperties: false })),
    policy: Type.Optional(Type.String({ maxLength: 1024, description: "path of a compiled OPA bundle in the repository; it joins the host's, the stricter word counts" })),
    commands: Type.Optional(Commands),
    obligations: Type.Optional(ObligationRules),
    approvals: Type.Optional(ApprovalRules),
    waivers: Type.Optional(WaiverEntries),
    change_budget: Type.Optional(ChangeBudget),
    quarantine: Type.Optional(QuarantineEntries),
  },
  { $id: "RepositoryConfig", description: "maestro.yaml" },
);
export type RepositoryConfig = Static<typeof RepositoryConfig>;

/** `maestro.yaml` in a folder below the root. It speaks of the files below it alone, and may only tighten what stands above it. */
export const FolderConfig = Closed(
  {
    version: RepositoryConfig.properties.version,
    rules: RepositoryConfig.properties.rules,
    thresholds: RepositoryConfig.properties.thresholds,
    approvals: RepositoryConfig.properties.approvals,
    waivers: RepositoryConfig.properties.waivers,
  },
  { $id: "FolderConfig", description: "maestro.yaml of a folder" },
);
export type FolderConfig = Static<typeof FolderConfig>;

/** A folder's file as it stands at the trusted base; `path` without a slash at its end. */
export const FolderFile = Closed({ path: Type.String({ minLength: 1, maxLength: 1024 }), config: FolderConfig });
export type FolderFile = Static<typeof FolderFile>;

/** Plain enough for git's and ssh's command lines. */
const HostPath = (description: string) => Type.String({ pattern: "^/[A-Za-z0-9._/@+-]{1,1000}$", description });

/** One row of the operator table. With a remote the daemon itself finds the target's tip; without, the row only adds required checks. */
export const RepositoryEntry = Closed({
  id: RepositoryId,
  required: Type.Optional(Type.Array(CheckName)),
  remote: Type.Optional(Type.String({ maxLength: 1000, description: "where the daemon reads base and configuration: https, ssh, git, http or file URL without credentials" })),
  target_refs: Type.Optional(Type.Array(Type.String({ maxLength: 256 }), { minItems: 1, maxItems: 64, description: "branches a change may be merged into, by full name; one * may end it" })),
  mode: Type.Optional(Type.Union([Type.Literal("host"), Type.Literal("fork")], { description: "fork: the change comes from strangers; default host" })),
  credential_file: Type.Optional(
    Type.String({
      pattern: "^(?:/[A-Za-z0-9._/@+-]{1,1000}|credential:[A-Za-z0-9._-]{1,64})$",
      description: "for https a file in git-credential-store form, for ssh a private key; private to the helper's user, or credential:NAME for one its unit loads (LoadCredential=)",
    }),
  ),
  known_hosts_file: Type.Optional(HostPath("host keys an ssh remote may show")),
  ca_file: Type.Optional(HostPath("certificates an https remote is checked against, in place of the system's")),
  statuses: Type.Optional({ ...StatusHost, description: "where the reporter publishes this repository's verdicts; absent: nowhere" }),
});
export type RepositoryEntry = Static<typeof RepositoryEntry>;

/** What reports show. */
export const ReportRule = Closed({
  per_person: Type.Boolean({ default: false, description: "figures per person and per user in reports; whether people are counted is for them to decide, so it is off" }),
});
export type ReportRule = Static<typeof ReportRule>;

/** Host configuration of maestrod. */
export const HostConfig = Closed(
  {
    version: Type.Literal(1, { description: "version of this file's form" }),
    trust_domain: Type.String({ pattern: "^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$", description: "name of the authority the gates are decided under; part of a gate's identity" }),
    modes: Type.Array(Type.Union([Type.Literal("host"), Type.Literal("fork"), Type.Literal("local"), Type.Literal("sealed")]), { minItems: 1, description: "whose word for base and configuration is taken" }),
    repositories: Type.Optional(Type.Array(RepositoryEntry, { maxItems: 1_000, description: "repositories by id: further required checks, and the remote the daemon itself reads" })),
    trust_file: Type.Optional(HostPath("trust file that the operator's offline root signed; needed for modes other than local")),
    egress_socket: Type.Optional(HostPath("socket of a separate egress helper; without it the daemon starts one itself")),
    sandbox_socket: Type.Optional(HostPath("socket of a separate sandbox launcher; without it the daemon starts launchers itself, which its unit forbids")),
    tenants: Type.Optional(Type.Array(TenantEntry, { maxItems: 4096, description: "who may use this daemon; absent: the user it runs as, and root" })),
    sockets: Type.Optional(Type.Array(SocketEntry, { minItems: 1, maxItems: 8, description: "a socket for each role; absent: one, for the daemon's own user and root" })),
    capabilities: Type.Optional({ ...CapabilitySource, description: "whose capability tokens are taken; absent: nobody's" }),
    oidc: Type.Optional(Type.Array(OidcIssuer, { maxItems: 16, description: "CI systems whose job tokens are taken" })),
    rules: Type.Optional(Rules),
    required: Type.Optional(Type.Array(CheckName, { maxItems: 64, description: "checks without whose answer nothing is admitted" })),
    thresholds: Type.Optional(Type.Partial(Thresholds, { additionalProperties: false })),
    commands: Type.Optional(Commands),
    obligations: Type.Optional(ObligationRules),
    mounts: Type.Optional(ToolMounts),
    people: Type.Optional(Type.Array(PersonEntry, { maxItems: 1024, description: "who may release what is held; nothing in a repository can add a person" })),
    groups: Type.Optional({ ...PeopleGroups, description: "people by group; a team of CODEOWNERS under its own name" }),
    approvals: Type.Optional({ ...ApprovalRules, description: "whose approval changes of some paths need; a base may add to them" }),
    override: Type.Optional(Type.Partial(OverrideRule, { additionalProperties: false, description: "what breaking the glass takes" })),
    change_budget: Type.Optional(ChangeBudget),
    report: Type.Optional(Type.Partial(ReportRule, { additionalProperties: false, description: "what maestro report shows" })),
    waivers_inline_denied: Type.Optional(Type.Array(RulePattern, { maxItems: 64, description: "rules that no comment beside a line and no baseline file accepts; default secret.* and guard.*" })),
    policy_bundle: Type.Optional(Type.String({ maxLength: 4096, description: "path of a compiled OPA bundle that replaces the default one" })),
    idle_exit_ms: Type.Optional(Type.Integer({ minimum: 0, description: "an embedded daemon nobody uses ends; 0 never" })),
    limits: Type.Optional(
      Closed({
        server: Type.Optional(Type.Partial(ServerLimits, { additionalProperties: false })),
        intake: Type.Optional(Type.Partial(IntakeLimits, { additionalProperties: false })),
        facts: Type.Optional(Type.Partial(FactsLimits, { additionalProperties: false })),
        worker: Type.Optional(Type.Partial(WorkerLimits, { additionalProperties: false })),
        gate: Type.Optional(Type.Partial(GateLimits, { additionalProperties: false })),
        store: Type.Optional(Type.Partial(StoreLimits, { additionalProperties: false })),
        integrity: Type.Optional(Type.Partial(IntegrityLimits, { additionalProperties: false })),
        sandbox: Type.Optional(Type.Partial(SandboxLimits, { additionalProperties: false })),
        command: Type.Optional(Type.Partial(CommandLimits, { additionalProperties: false })),
        egress: Type.Optional(Type.Partial(EgressLimits, { additionalProperties: false })),
        tenant: Type.Optional(Type.Partial(TenantLimits, { additionalProperties: false })),
      }),
    ),
  },
  { $id: "HostConfig", description: "maestrod.yaml" },
);
export type HostConfig = Static<typeof HostConfig>;

/**
 * What one gate runs under: host and trusted base. It is part of the gate's
 * identity. The two sets of rules stay apart because they mean different
 * things: a word of the host (`rules`) replaces the policy's, a word of the base
 * (`base_rules`) only joins, and the stricter counts.
 */
export const GateConfig = Closed({
  mode: Mode,
  rules: Rules,
  base_rules: Rules,
  required: Type.Array(CheckName),
  thresholds: Thresholds,
  commands: Commands,
  obligations: ObligationRules,
  mounts: ToolMounts,
  /** Absent where nobody asks for one. */
  approvals: Type.Optional(ApprovalRules),
  /** Absent where the base has none; `folder` is where the file stands that holds it, empty for the root. */
  waivers: Type.Optional(Type.Array(Closed({ ...WaiverEntry.properties, folder: Type.String() }))),
  waivers_inline_denied: Type.Array(RulePattern),
  /** Absent where the base has none. */
  quarantine: Type.Optional(QuarantineEntries),
  /** Absent where nothing limits what a change may cost. */
  change_budget: Type.Optional(ChangeBudget),
  /** What holds below a folder, everything above it included; deepest path first. Absent where the base has no such file. */
  folders: Type.Optional(Type.Array(Closed({ path: Type.String(), rules: Rules, thresholds: Thresholds }))),
  policy_path: Type.Union([Type.String(), Type.Null()]),
  source: Type.Union([Type.Literal("host"), Type.Literal("host+base")]),
});
export type GateConfig = Static<typeof GateConfig>;
