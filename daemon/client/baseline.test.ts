import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { utf8 } from "../../proto/encoding.ts";
import type { BaselineEntry } from "../../proto/waiver.ts";
import { BASELINE_RULES } from "../../proto/waiver.ts";
import { CHECKS } from "../gate/checks/index.ts";
import type { Check } from "../gate/checks/check.ts";
import { parseBaseline } from "../findings/baseline-file.ts";
import { entriesOf, formatBaseline, pruned, readBaseline } from "./baseline.ts";
import { finding } from "../gate/testing/decide-input.ts";

const entry = (path: string, count = 1, rule = "command.lint.x"): BaselineEntry => ({ rule, path, identity: "a".repeat(64), count });
const all = () => true;

test("the file is one line for each entry, sorted by path, and both readers take it", () => {
  const text = formatBaseline([entry("b.ts"), entry("a.ts", 2), entry("b.ts")]);
  expect(text.split("\n")).toHaveLength(5);
  expect(text).toStartWith('{"findings":[\n{"count":2,"identity":"');
  expect(readBaseline(utf8(text))).toEqual([entry("a.ts", 2), entry("b.ts", 2)]);
  expect(parseBaseline(utf8(text))).toEqual(readBaseline(utf8(text)));
  expect(readBaseline(utf8(formatBaseline([])))).toEqual([]);
});

test("it never grows, and loses nothing that was not looked for", () => {
  const any = fc.array(fc.record({ path: fc.constantFrom("a", "b", "c"), count: fc.integer({ min: 1, max: 4 }), rule: fc.constantFrom("command.lint.x", "code.debugger") }).map(({ path, count, rule }) => entry(path, count, rule)), { maxLength: 6 });
  const countOf = (entries: readonly BaselineEntry[], of: BaselineEntry) => entries.filter(({ path, rule }) => path === of.path && rule === of.rule).reduce((sum, { count }) => sum + count, 0);
  fc.assert(
    fc.property(any, any, (old, found) => {
      for (const one of pruned(old, found, all)) expect(one.count).toBe(Math.min(countOf(old, one), countOf(found, one)));
      expect(formatBaseline(pruned(old, found, (rule) => rule !== "command.lint.x")).match(/command\.lint/g)?.length ?? 0).toBe(new Set(old.filter(({ rule }) => rule === "command.lint.x").map(({ path }) => path)).size);
      expect(formatBaseline(pruned(old, old, all))).toBe(formatBaseline(old));
    }),
  );
});

describe("what may be listed", () => {
  const kept = (rule: string, change: object = {}) => entriesOf([{ check: "any", finding: { ...finding(rule), identity: "a".repeat(64), ...change } }]).length;

  test("findings that stand somewhere, of tools and of checks that find a thing where it stands", () => {
    expect([kept("command.lint.x"), kept("code.debugger"), kept("ci.changed"), kept("code.debugger", { range: null })]).toEqual([1, 1, 0, 0]);
  });

  test("attack: no credential is ever listed, nor what decides on accepting", () => {
    expect([kept("secret.token"), kept("secret.private-key"), kept("guard.self-edit"), kept("waiver.self-added"), kept("baseline.grown")]).toEqual([0, 0, 0, 0, 0]);
  });

  test("the rules are those that checks compare with the base, without credentials", () => {
    const content = CHECKS.flatMap((check: Check) => check.rules.flatMap((rule) => (rule.content === true && !rule.id.startsWith("secret.") ? [rule.id] : [])));
    expect([...BASELINE_RULES].sort() as string[]).toEqual(content.sort());
  });
});
