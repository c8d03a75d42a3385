import { expect, test } from "bun:test";
import type { HostConfig } from "../../proto/config.ts";
import { explainConfig } from "./explain.ts";
import { LiveHost } from "./live.ts";
import { mergeGateConfig } from "./merge.ts";

const FIRST: HostConfig = { version: 1, trust_domain: "build.example", modes: ["local"], rules: { "size.unreviewable": { human: "note" } }, thresholds: { size_lines_max: 500 } };

test("what decides about changes holds for the next gate, for whoever holds the host", () => {
  const live = new LiveHost(FIRST);
  const { host } = live;
  const adopted = live.adopt({ ...FIRST, rules: { "size.unreviewable": { human: "refuse" } }, required: ["secrets"], thresholds: { size_lines_max: 200 } });
  expect([...adopted.applied].sort()).toEqual(["required", "rules", "thresholds.size_lines_max"]);
  expect(adopted.needs_restart).toEqual([]);
  expect(mergeGateConfig(host, null, "x")).toMatchObject({ rules: { "size.unreviewable": { human: "refuse" } }, required: ["secrets"], thresholds: { size_lines_max: 200 } });
  expect({ ...host }.thresholds.size_lines_max).toBe(200);
});

test("a tool chain, a command and an obligation that a reload brings hold for the next gate, and those it takes away are gone", () => {
  const live = new LiveHost(FIRST);
  const { host } = live;
  const tools: Pick<HostConfig, "commands" | "obligations" | "mounts"> = { mounts: { node: { folders: [{ host: "/opt/node", inside: "/opt/node" }] } }, commands: { lint: { run: ["node", "lint.js"], mounts: ["node"] } }, obligations: { "bundle.bytes": { from: { report: "bundle" }, format: "json", pointer: "/bytes", max: "1" } } };
  expect(live.adopt({ ...FIRST, ...tools })).toEqual({ applied: ["commands", "obligations", "mounts"], needs_restart: [] });
  expect(mergeGateConfig(host, null, "x")).toMatchObject({ commands: tools.commands, obligations: tools.obligations, mounts: { node: tools.mounts?.["node"] } });
  live.adopt(FIRST);
  expect(mergeGateConfig(host, null, "x")).toMatchObject({ commands: {}, obligations: {}, mounts: {} });
  expect(Object.keys(host.mounts)).not.toContain("node");
});

test("whatever is said to be applied holds for whoever holds the host, and whatever waits does not", () => {
  const changes: Partial<HostConfig> = {
    trust_domain: "other.example",
    rules: { "size.unreviewable": { human: "refuse" } },
    required: ["secrets"],
    thresholds: { size_lines_max: 200 },
    commands: { lint: { run: ["node", "lint.js"] } },
    obligations: { "bundle.bytes": { from: { report: "bundle" }, format: "json", pointer: "/bytes", max: "1" } },
    mounts: { node: { folders: [{ host: "/opt/node", inside: "/opt/node" }] } },
    capabilities: { trust_file: "/etc/maestro/other.json" },
    oidc: [{ issuer: "https://ci", audience: "maestro", jwks_file: "/k", tenant: "web", repositories: [{ claim: "a", id: "a" }] }],
    tenants: [{ id: "web", uids: [1001] }],
    idle_exit_ms: 5,
  };
  for (const [key, value] of Object.entries(changes)) {
    const live = new LiveHost(FIRST);
    const before = Bun.inspect(Reflect.get(live.host, key));
    const { applied, needs_restart } = live.adopt({ ...FIRST, [key]: value });
    expect([key, applied.length + needs_restart.length, Bun.inspect(Reflect.get(live.host, key)) !== before]).toEqual([key, 1, applied.length === 1]);
  }
});

test("what was handed out at the start stays, and each waiting setting is named by its path", () => {
  const live = new LiveHost(FIRST);
  const adopted = live.adopt({ ...FIRST, trust_domain: "other.example", limits: { server: { connections_max: 9 } }, idle_exit_ms: 5 });
  expect([...adopted.needs_restart].sort()).toEqual(["idle_exit_ms", "limits.server.connections_max", "trust_domain"]);
  expect(adopted.applied).toEqual([]);
  expect([live.host.trust_domain, live.host.limits.server.connections_max, live.host.idle_exit_ms]).toEqual(["build.example", 256, 0]);
  expect(live.given.trust_domain).toBe("build.example");
  expect(live.adopt(FIRST)).toEqual({ applied: [], needs_restart: [] });
});

test("explain shows what runs, and a setting taken out of the file is a default again", () => {
  const live = new LiveHost(FIRST);
  const shown = (key: string) => explainConfig(live.given, live.host).find((entry) => entry.key === key);
  expect(shown("thresholds.size_lines_max")).toMatchObject({ value: "500", origin: "host" });
  live.adopt({ version: 1, trust_domain: "other.example", modes: ["local"] });
  expect(shown("thresholds.size_lines_max")).toMatchObject({ value: "800", origin: "default" });
  expect(shown("trust_domain")).toMatchObject({ value: '"build.example"', origin: "host" });
  expect(shown("rules.size.unreviewable.human")).toBeUndefined();
});

test("nobody who was handed the host can change it", () => {
  const { host } = new LiveHost(FIRST);
  expect(() => Object.assign(host, { modes: ["sealed"] })).toThrow(TypeError);
  expect(() => Object.assign(host.thresholds, { size_lines_max: 1 })).toThrow(TypeError);
});
