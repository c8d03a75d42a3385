/** What the operator of this machine decided: the host's file over the defaults of `proto/config.ts`. */
import type { Static } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { HostConfig, Limits, ReportRule, Thresholds } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { KeylessSetting } from "../../proto/keyless.ts";
import type { MarketSetting } from "../../proto/market.ts";
import type { ModelsSetting } from "../../proto/models-config.ts";
import type { CapabilitySource } from "../../proto/tenant.ts";
import { OverrideRule } from "../../proto/people.ts";
import { Retention } from "../../proto/retention.ts";
import type { WitnessSetting } from "../../proto/witness.ts";
import { freezeDeep } from "./freeze.ts";
import { keylessProblem } from "./keyless.ts";
import { marketProblem, withMarketDefaults } from "./market.ts";
import { modelsProblem } from "./models.ts";
import { repositoryProblem } from "./operator-table.ts";
import { peopleProblem } from "./people.ts";
import { routerProblem, routersOf, withRouterDefaults } from "./routers.ts";
import { tenantProblem } from "./tenants.ts";
import { defaultMounts } from "./tool-mounts.ts";
import { toolProblem } from "./tools.ts";
import { validate } from "./validate.ts";
import { witnessProblem } from "./witnesses.ts";
import { readYaml } from "./yaml.ts";

/** Checks without which nothing is admitted, unless the host's file names others. */
const DEFAULT_REQUIRED = ["secrets", "text", "paths", "dependencies", "ci", "guards", "waivers", "tests", "size"] as const;

/** A comment that anybody can merge does not accept a credential or an edit of what guards the repository. */
const INLINE_DENIED = ["secret.*", "guard.*"];

/** The host's file with every default filled in. */
export type Host = Readonly<
  Required<Omit<Static<typeof HostConfig>, "thresholds" | "limits" | "policy_bundle" | "invariants_folder" | "keyless" | "witness" | "capabilities" | "trust_file" | "egress_socket" | "sandbox_socket" | "override" | "report" | "retention" | "market" | "models">> & {
    thresholds: Thresholds;
    limits: Limits;
    policy_bundle: string | null;
    invariants_folder: string | null;
    keyless: KeylessSetting | null;
    witness: WitnessSetting | null;
    capabilities: CapabilitySource | null;
    trust_file: string | null;
    egress_socket: string | null;
    sandbox_socket: string | null;
    override: OverrideRule;
    report: ReportRule;
    retention: Retention;
    market: MarketSetting | null;
    models: ModelsSetting | null;
  }
>;

/** The embedded daemon's file: it gates for the one person who started it, and its mode says so. */
export const EMBEDDED_CONFIG: HostConfig = freezeDeep({ version: 1, trust_domain: "local", modes: ["local"], idle_exit_ms: 600_000 });

/** Under whose authority this version can gate; the others are names in the contract. */
const BUILT_MODES: readonly string[] = ["host", "fork", "local"];

/** What the file says and nothing more. Throws `config.malformed` or `config.unknown_key` with file, line and path. */
export function parseHostConfig(bytes: Uint8Array, name: string): HostConfig {
  const document = withMarketDefaults(withRouterDefaults(readYaml(bytes, name, true)));
  const config = validate(HostConfig, document, name);
  const planned = config.modes.find((mode) => !BUILT_MODES.includes(mode));
  // A daemon that is ready and refuses every gate would be found out by its users.
  if (planned !== undefined) throw new MaestroError("config.malformed", `${name}:${document.lineOf(["modes"])}: modes: ${planned} is not built yet; known here: ${BUILT_MODES.join(", ")}`);
  const problem = repositoryProblem(config) ?? tenantProblem(config) ?? peopleProblem(config) ?? toolProblem(config) ?? witnessProblem(config) ?? keylessProblem(config) ?? routerProblem(config) ?? marketProblem(config) ?? modelsProblem(config);
  if (problem !== null) throw new MaestroError("config.malformed", `${name}:${document.lineOf(problem.path)}: ${problem.path.join(".")}: ${problem.because}`);
  return config;
}

function resolveLimits(given: HostConfig["limits"]): Limits {
  const defaults = Value.Create(Limits);
  return {
    server: { ...defaults.server, ...given?.server },
    intake: { ...defaults.intake, ...given?.intake },
    facts: { ...defaults.facts, ...given?.facts },
    worker: { ...defaults.worker, ...given?.worker },
    gate: { ...defaults.gate, ...given?.gate },
    store: { ...defaults.store, ...given?.store },
    integrity: { ...defaults.integrity, ...given?.integrity },
    sandbox: { ...defaults.sandbox, ...given?.sandbox },
    command: { ...defaults.command, ...given?.command },
    build: { ...defaults.build, ...given?.build },
    egress: { ...defaults.egress, ...given?.egress },
    tenant: { ...defaults.tenant, ...given?.tenant },
    witness: { ...defaults.witness, ...given?.witness },
    breaker: { ...defaults.breaker, ...given?.breaker },
    event: { ...defaults.event, ...given?.event },
    property: { ...defaults.property, ...given?.property },
    model: { ...defaults.model, ...given?.model },
    learning: { ...defaults.learning, ...given?.learning },
    market: { ...defaults.market, ...given?.market },
    inference: { ...defaults.inference, ...given?.inference },
  };
}

/** Frozen, so that no feature changes what another was given. */
export function resolveHost(given: HostConfig): Host {
  return freezeDeep({
    version: given.version,
    trust_domain: given.trust_domain,
    modes: [...given.modes],
    repositories: [...(given.repositories ?? [])],
    trust_file: given.trust_file ?? null,
    egress_socket: given.egress_socket ?? null,
    sandbox_socket: given.sandbox_socket ?? null,
    tenants: [...(given.tenants ?? [])],
    sockets: [...(given.sockets ?? [])],
    capabilities: given.capabilities ?? null,
    oidc: [...(given.oidc ?? [])],
    rules: { ...given.rules },
    required: [...(given.required ?? DEFAULT_REQUIRED)],
    thresholds: { ...Value.Create(Thresholds), ...given.thresholds },
    commands: { ...given.commands },
    obligations: { ...given.obligations },
    builds: { ...given.builds },
    mounts: { ...defaultMounts(process.execPath), ...given.mounts },
    people: [...(given.people ?? [])],
    groups: { ...given.groups },
    approvals: [...(given.approvals ?? [])],
    override: { ...Value.Create(OverrideRule), ...given.override },
    change_budget: { ...given.change_budget },
    carried: [...(given.carried ?? [])],
    report: { ...Value.Create(ReportRule), ...given.report },
    retention: { ...Value.Create(Retention), ...given.retention },
    waivers_inline_denied: [...(given.waivers_inline_denied ?? INLINE_DENIED)],
    witness: given.witness ?? null,
    witnesses: [...(given.witnesses ?? [])],
    routers: routersOf(given),
    market: given.market ?? null,
    models: given.models ?? null,
    policy_bundle: given.policy_bundle ?? null,
    breakers: { ...given.breakers },
    invariants_folder: given.invariants_folder ?? null,
    keyless: given.keyless ?? null,
    idle_exit_ms: given.idle_exit_ms ?? 0,
    limits: resolveLimits(given.limits),
  });
}
