import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Value } from "@sinclair/typebox/value";
import { RulesReply } from "../../proto/api.ts";
import { readBundle, ruleTable } from "../policy/index.ts";
import { CHECKS } from "./checks/index.ts";
import { TOOL_RULES } from "../commands/rules.ts";
import { HOUSE_RULES } from "./house-rules.ts";
import { ruleDocs } from "./rules.ts";

const BUNDLE = new URL("../../policies/default/bundle.tar.gz", import.meta.url).pathname;
const { data } = readBundle(new Uint8Array(readFileSync(BUNDLE)), BUNDLE);

const holds = { human: "hold", agent: "hold", bot: "hold", unknown: "hold" } as const;
/** What a rule of the house leads to by itself: that a waiver lapsed is said beside what holds or does not. */
const withoutPolicy = (rule: string) => (["baseline.stale", "waiver.expired", "report.test-failed", "waiver.refused"].includes(rule) ? ({ human: "note", agent: "note", bot: "note", unknown: "note" } as const) : holds);
const ofChecks: string[] = [...CHECKS.flatMap(({ rules }) => rules.map(({ id }) => id)), ...Object.keys(TOOL_RULES)];

test("every rule of every check is there once, in card order, then those no policy can switch off; all of it fits the reply", () => {
  const docs = ruleDocs(data);
  expect(docs.map(({ rule }) => rule)).toEqual([...ofChecks, ...Object.keys(HOUSE_RULES)]);
  expect(new Set(docs.map(({ rule }) => rule)).size).toBe(docs.length);
  expect(Value.Check(RulesReply, { rules: docs })).toBe(true);
});

test("effects and mode are the policy's own table, rule by rule", () => {
  const table = ruleTable(data);
  const said = Object.fromEntries(ruleDocs(data).filter(({ check }) => check !== "gate").map(({ rule, effects, mode }) => [rule, { effects, mode }]));
  expect(said).toEqual(Object.fromEntries(ofChecks.map((rule) => [rule, table.get(rule)!])));
  expect(new Set(Object.values(said).map(({ effects }) => JSON.stringify(effects))).size).toBeGreaterThan(3);
});

test("a rule the policy does not know holds for everybody; so does every rule under a policy without a table", () => {
  const first = ofChecks[0]!;
  const passes = { mode: "observe", effects: { human: "pass", agent: "pass", bot: "pass", unknown: "pass" } };
  const docs = ruleDocs({ maestro: { table: { rules: { [first]: passes } } } });
  expect(docs[0]).toMatchObject({ rule: first, ...passes });
  for (const doc of docs.slice(1)) expect([doc.rule, doc.effects, doc.mode]).toEqual([doc.rule, withoutPolicy(doc.rule), "enforce"]);
  for (const odd of [null, {}, "table", { maestro: { table: { rules: [] } } }, { maestro: { table: { rules: { [first]: { mode: "observe", effects: { human: "pass" } } } } } }]) {
    expect(ruleDocs(odd).every(({ rule, effects, mode }) => Bun.deepEquals(effects, withoutPolicy(rule)) && mode === "enforce")).toBe(true);
  }
});

test("attack: a table cannot loosen what no policy may switch off", () => {
  const passes = { mode: "observe", effects: { human: "pass", agent: "pass", bot: "pass", unknown: "pass" } };
  const rules = Object.fromEntries(Object.keys(HOUSE_RULES).map((rule) => [rule, passes]));
  const house = ruleDocs({ maestro: { table: { rules } } }).filter(({ check }) => check === "gate");
  expect(house).toHaveLength(Object.keys(HOUSE_RULES).length);
  for (const doc of house) expect([doc.rule, doc.effects, doc.mode]).toEqual([doc.rule, withoutPolicy(doc.rule), "enforce"]);
});

test("examples say which files they change", () => {
  for (const { rules } of CHECKS) {
    for (const { id, fails } of rules) {
      const doc = ruleDocs(data).find(({ rule }) => rule === id);
      expect(doc?.fails).toStartWith(fails.says.slice(0, 100));
      for (const { path } of fails.change.slice(0, 3)) expect(doc?.fails).toContain(path);
    }
  }
});
