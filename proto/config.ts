/** Every setting, with its default and its reason, in one place; limits stand in `limits.ts`. Units stand last in the names. */
import { Type, type Static } from "@sinclair/typebox";
import { Mode } from "./change.ts";
import { Builds } from "./build.ts";
import { Commands, ToolMounts } from "./command.ts";
import { Effect, RuleMode } from "./decision.ts";
import { ApprovalRules, OverrideRule, PeopleGroups, PersonEntry } from "./people.ts";
import { BreakerSettings } from "./breaker.ts";
import { BreakerLimits, BuildLimits, CommandLimits, EgressLimits, EventLimits, FactsLimits, GateLimits, InferenceLimits, IntakeLimits, IntegrityLimits, LearningLimits, limit, MarketLimits, MiB, ModelRunLimits, PropertyLimits, SandboxLimits, ServerLimits, StoreLimits, WitnessLimits, WorkerLimits } from "./limits.ts";
import { ObligationRules } from "./report.ts";
import { CheckName, Closed, RepositoryId, RuleId } from "./scalar.ts";
import { Retention } from "./retention.ts";
import { MarketSetting } from "./market.ts";
import { ModelsSetting } from "./models-config.ts";
import { RouterEntry } from "./routing.ts";
import { KeylessSetting } from "./keyless.ts";
import { StatusHost } from "./status.ts";
import { RulePattern, WaiverEntries, WaiverEntry } from "./waiver.ts";
import { QuarantineEntries } from "./failed-test.ts";
import { ChangeBudget } from "./usage.ts";
import { CapabilitySource, OidcIssuer, SocketEntry, TenantEntry, TenantLimits } from "./tenant.ts";
import { WitnessEntry, WitnessSetting } from "./witness.ts";
import { InvariantsEntry, SpecEntries } from "./formal.ts";
import { GatedPolicy, LearnedEntries } from "./learned.ts";

export { ServerLimits, IntakeLimits, FactsLimits, WorkerLimits, GateLimits, StoreLimits, IntegrityLimits, SandboxLimits, EgressLimits, CommandLimits, BuildLimits, Limits } from "./limits.ts";

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

const CarriedChecks = Type.Array(Type.String({ pattern: "^command\\.[a-z][a-z0-9-]*$", maxLength: 40 }), { maxItems: 64 });

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
    builds: Type.Optional(Builds),
    approvals: Type.Optional(ApprovalRules),
    waivers: Type.Optional(WaiverEntries),
    change_budget: Type.Optional(ChangeBudget),
    carried: Type.Optional({ ...CarriedChecks, description: "commands whose answer may come along with a change, where the host lets it too" }),
    quarantine: Type.Optional(QuarantineEntries),
    specs: Type.Optional(SpecEntries),
    invariants: Type.Optional(InvariantsEntry),
    learned: Type.Optional(LearnedEntries),
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
    builds: Type.Optional(Builds),
    mounts: Type.Optional(ToolMounts),
    people: Type.Optional(Type.Array(PersonEntry, { maxItems: 1024, description: "who may release what is held; nothing in a repository can add a person" })),
    groups: Type.Optional({ ...PeopleGroups, description: "people by group; a team of CODEOWNERS under its own name" }),
    approvals: Type.Optional({ ...ApprovalRules, description: "whose approval changes of some paths need; a base may add to them" }),
    override: Type.Optional(Type.Partial(OverrideRule, { additionalProperties: false, description: "what breaking the glass takes" })),
    change_budget: Type.Optional(ChangeBudget),
    carried: Type.Optional({ ...CarriedChecks, description: "commands, as command.NAME, whose answer may come along with a change as another node's evidence, where the base names them too; docs/shipping.md" }),
    retention: Type.Optional(Type.Partial(Retention, { additionalProperties: false, description: "how many days each class of what is kept stays; see maestro lineage classes" })),
    report: Type.Optional(Type.Partial(ReportRule, { additionalProperties: false, description: "what maestro report shows" })),
    waivers_inline_denied: Type.Optional(Type.Array(RulePattern, { maxItems: 64, description: "rules that no comment beside a line and no baseline file accepts; default secret.* and guard.*" })),
    witness: Type.Optional({ ...WitnessSetting, description: "this node cosigns others' logs; absent: nobody's. See docs/witness.md" }),
    witnesses: Type.Optional(Type.Array(WitnessEntry, { maxItems: 32, description: "who cosigns this node's log; absent: nobody" })),
    keyless: Type.Optional({ ...KeylessSetting, description: "where evidence may be signed once more with a certificate of minutes; absent: nowhere. See docs/keyless.md" }),
    breakers: Type.Optional({ ...BreakerSettings, description: "limits.breaker of single actions; see docs/monitors.md" }),
    invariants_folder: Type.Optional(HostPath("folder of the operator's own invariants in YAML; they join those that ship, see docs/guards.md")),
    routers: Type.Optional(Type.Array(RouterEntry, { maxItems: 64, description: "decisions that are made often and learned from; see docs/learning.md" })),
    market: Type.Optional({ ...MarketSetting, description: "prices of what routed work takes, and shares that are promised; absent: none. See docs/market.md" }),
    models: Type.Optional({ ...ModelsSetting, description: "local and remote models; absent: none, and drafts come from rules. See docs/models.md" }),
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
        build: Type.Optional(Type.Partial(BuildLimits, { additionalProperties: false })),
        egress: Type.Optional(Type.Partial(EgressLimits, { additionalProperties: false })),
        tenant: Type.Optional(Type.Partial(TenantLimits, { additionalProperties: false })),
        witness: Type.Optional(Type.Partial(WitnessLimits, { additionalProperties: false })),
        breaker: Type.Optional(Type.Partial(BreakerLimits, { additionalProperties: false })),
        event: Type.Optional(Type.Partial(EventLimits, { additionalProperties: false })),
        property: Type.Optional(Type.Partial(PropertyLimits, { additionalProperties: false })),
        model: Type.Optional(Type.Partial(ModelRunLimits, { additionalProperties: false })),
        learning: Type.Optional(Type.Partial(LearningLimits, { additionalProperties: false })),
        market: Type.Optional(Type.Partial(MarketLimits, { additionalProperties: false })),
        inference: Type.Optional(Type.Partial(InferenceLimits, { additionalProperties: false })),
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
  /** Commands whose answer may come along with a change; absent where there are none. */
  carried: Type.Optional(CarriedChecks),
  /** Learned policies of the base; absent where it declares none. */
  learned: Type.Optional(Type.Array(GatedPolicy, { maxItems: 16 })),
  /** What holds below a folder, everything above it included; deepest path first. Absent where the base has no such file. */
  folders: Type.Optional(Type.Array(Closed({ path: Type.String(), rules: Rules, thresholds: Thresholds }))),
  policy_path: Type.Union([Type.String(), Type.Null()]),
  source: Type.Union([Type.Literal("host"), Type.Literal("host+base")]),
});
export type GateConfig = Static<typeof GateConfig>;
