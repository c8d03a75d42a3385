/** Every setting with its value, where the value comes from, and what it means: `maestro config --explain`. */
import type { Static, TSchema } from "@sinclair/typebox";
import type { ConfigReply } from "../../proto/api.ts";
import { canonicalNumbers } from "../../proto/canonical.ts";
import { HostConfig, Limits, Thresholds, type RepositoryConfig, type RuleSetting } from "../../proto/config.ts";
import type { Host } from "./host.ts";
import { mergeGateConfig } from "./merge.ts";

export type ConfigEntry = ConfigReply["entries"][number];
type Origin = ConfigEntry["origin"];
type Group = Readonly<Record<string, unknown>>;

const has = (source: Group | null | undefined, name: string): boolean => source?.[name] !== undefined;
const meaningOf = (schema: TSchema | undefined): string => String(schema?.["description"] ?? "");

function group(prefix: string, schema: TSchema, values: Group, origin: (name: string) => Origin): ConfigEntry[] {
  const properties: Readonly<Record<string, TSchema>> = schema["properties"];
  return Object.keys(properties).map((name) => ({
    key: `${prefix}.${name}`,
    value: canonicalNumbers(values[name]),
    origin: origin(name),
    meaning: meaningOf(properties[name]),
  }));
}

function ruleEntries(rules: Readonly<Record<string, RuleSetting>> | undefined, origin: Origin): ConfigEntry[] {
  return Object.entries(rules ?? {}).flatMap(([rule, setting]) =>
    Object.entries(setting).map(([part, value]) => ({
      key: `rules.${rule}.${part}`,
      value: canonicalNumbers(value),
      origin,
      meaning: part === "mode" ? "whether the rule decides or only reports" : `what the rule leads to where the actor is ${part}`,
    })),
  );
}

/** `given` is the host's file as it stands (null: none), `host` what became of it, `base` the repository's file where one is asked about. */
export function explainConfig(given: Static<typeof HostConfig> | null, host: Host, base: RepositoryConfig | null = null): ConfigEntry[] {
  const merged = base === null ? null : mergeGateConfig(host, { config: base, policy_path: null }, "");
  const top = (name: keyof typeof HostConfig.properties, value: unknown): ConfigEntry => ({
    key: name,
    value: canonicalNumbers(value),
    origin: has(given, name) ? "host" : "default",
    meaning: meaningOf(HostConfig.properties[name]),
  });
  const required = top("required", merged?.required ?? host.required);
  return [
    top("version", host.version),
    top("trust_domain", host.trust_domain),
    top("modes", host.modes),
    top("repositories", host.repositories),
    top("tenants", host.tenants),
    top("sockets", host.sockets),
    top("capabilities", host.capabilities),
    top("oidc", host.oidc),
    base?.required === undefined ? required : { ...required, origin: "base" },
    top("trust_file", host.trust_file),
    top("egress_socket", host.egress_socket),
    top("sandbox_socket", host.sandbox_socket),
    top("commands", merged?.commands ?? host.commands),
    top("obligations", merged?.obligations ?? host.obligations),
    top("builds", { ...base?.builds, ...host.builds }),
    top("mounts", host.mounts),
    top("people", host.people),
    top("groups", host.groups),
    top("approvals", merged?.approvals ?? host.approvals),
    top("override", host.override),
    top("carried", merged === null ? host.carried : (merged.carried ?? [])),
    top("change_budget", merged === null ? host.change_budget : (merged.change_budget ?? {})),
    top("report", host.report),
    top("retention", host.retention),
    top("waivers_inline_denied", host.waivers_inline_denied),
    top("witness", host.witness),
    top("witnesses", host.witnesses),
    top("keyless", host.keyless),
    top("routers", host.routers),
    top("market", host.market),
    top("models", host.models),
    top("policy_bundle", host.policy_bundle),
    top("breakers", host.breakers),
    top("invariants_folder", host.invariants_folder),
    top("idle_exit_ms", host.idle_exit_ms),
    ...group("thresholds", Thresholds, merged?.thresholds ?? host.thresholds, (name) =>
      has(base?.thresholds, name) ? "base" : has(given?.thresholds, name) ? "host" : "default",
    ),
    ...ruleEntries(host.rules, "host"),
    ...ruleEntries(base?.rules, "base"),
    ...Object.entries(Limits.properties).flatMap(([name, schema]) => {
      const section = name as keyof Limits;
      return group(`limits.${name}`, schema, host.limits[section], (key) => (has(given?.limits?.[section], key) ? "host" : "default"));
    }),
  ];
}
