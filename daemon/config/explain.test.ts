import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { ConfigReply } from "../../proto/api.ts";
import { HostConfig, Limits, Thresholds } from "../../proto/config.ts";
import { explainConfig } from "./explain.ts";
import { EMBEDDED_CONFIG, resolveHost } from "./host.ts";

const given: HostConfig = {
  version: 1,
  trust_domain: "build.example",
  modes: ["host"],
  rules: { "text.debugger": { human: "hold" } },
  limits: { server: { connections_max: 8 } },
  thresholds: { size_lines_max: 500 },
};

test("every setting stands there once, with a value and a meaning, in the form the socket answers with", () => {
  const entries = explainConfig(null, resolveHost(EMBEDDED_CONFIG));
  const keys = entries.map((entry) => entry.key);
  const expected = [
    ...Object.keys(HostConfig.properties).filter((name) => !["limits", "thresholds", "rules"].includes(name)),
    ...Object.keys(Thresholds.properties).map((name) => `thresholds.${name}`),
    ...Object.entries(Limits.properties).flatMap(([section, schema]) => Object.keys(schema.properties).map((name) => `limits.${section}.${name}`)),
  ];
  expect(keys.toSorted()).toEqual(expected.toSorted());
  expect(entries.filter((entry) => entry.meaning.length < 4)).toEqual([]);
  expect(new Set(entries.map((entry) => entry.origin))).toEqual(new Set(["default"]));
  expect(Value.Check(ConfigReply, { entries })).toBe(true);
});

test("a value says whether the host, the base or the default gave it", () => {
  const base = { version: 1, required: ["size"], thresholds: { tests_removed_max: 1 }, rules: { "text.debugger": { agent: "refuse" } } } as const;
  const entries = explainConfig(given, resolveHost(given), { ...base, required: [...base.required] });
  const said = (key: string) => entries.filter((entry) => entry.key === key).map(({ value, origin }) => `${value} ${origin}`);
  expect(said("limits.server.connections_max")).toEqual(["8 host"]);
  expect(said("limits.server.json_depth_max")).toEqual(["32 default"]);
  expect(said("thresholds.size_lines_max")).toEqual(["500 host"]);
  expect(said("thresholds.tests_removed_max")).toEqual(["1 base"]);
  expect(said("rules.text.debugger.human")).toEqual(['"hold" host']);
  expect(said("rules.text.debugger.agent")).toEqual(['"refuse" base']);
  expect(said("required")[0]).toEndWith(" base");
  expect(said("idle_exit_ms")).toEqual(["0 default"]);
});
