import { expect, test } from "bun:test";
import fc from "fast-check";
import { Thresholds, type RepositoryConfig, type RuleSetting } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { resolveHost } from "./host.ts";
import { mergeGateConfig } from "./merge.ts";
import { times } from "../testing/scale.ts";

const EFFECTS = ["pass", "note", "hold", "refuse"] as const;
const CLASSES = ["human", "agent", "bot", "unknown"] as const;
const CHECKS = ["secrets", "text", "ci", "size"] as const;

const effect = fc.constantFrom(...EFFECTS);
const setting: fc.Arbitrary<RuleSetting> = fc.record(
  { mode: fc.constantFrom("observe" as const, "enforce" as const), human: effect, agent: effect, bot: effect, unknown: effect },
  { requiredKeys: [] },
);
const names = Object.keys(Thresholds.properties) as (keyof Thresholds)[];
const config: fc.Arbitrary<RepositoryConfig> = fc.record(
  {
    version: fc.constant(1 as const),
    rules: fc.dictionary(fc.constantFrom("a.one", "b.two"), setting),
    required: fc.subarray([...CHECKS]),
    thresholds: fc.dictionary(fc.constantFrom(...names), fc.integer({ min: 1, max: 3_000_000 })),
  },
  { requiredKeys: ["version"] },
);

const strictness = (order: readonly string[], word: string | undefined) => (word === undefined ? -1 : order.indexOf(word));

test("whatever merges is nowhere looser than the host, and whatever is looser does not merge", () => {
  fc.assert(
    fc.property(config, config, (given, base) => {
      const host = resolveHost({ ...given, trust_domain: "local", modes: ["local"] });
      const loose = [
        ...Object.entries(base.rules ?? {}).flatMap(([rule, words]) => [
          ...CLASSES.map((name) => words[name] !== undefined && strictness(EFFECTS, words[name]) < strictness(EFFECTS, host.rules[rule]?.[name])),
          words.mode === "observe" && host.rules[rule]?.mode === "enforce",
        ]),
        ...names.map((name) => (base.thresholds?.[name] ?? 0) > host.thresholds[name]),
      ].includes(true);
      const merge = () => mergeGateConfig(host, { config: base, policy_path: null }, "x");
      if (loose) return void expect(merge).toThrow(MaestroError);
      const merged = merge();
      expect(merged.rules).toEqual(host.rules);
      expect(merged.required).toEqual(expect.arrayContaining([...host.required, ...(base.required ?? [])]));
      for (const name of names) expect(merged.thresholds[name]).toBe(Math.min(host.thresholds[name], base.thresholds?.[name] ?? Infinity));
    }),
    { numRuns: times(500) },
  );
});
