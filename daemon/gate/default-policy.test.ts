/** Checks, default policy and decision together: what a person, an agent and a bot get to hear. */
import { describe, expect, test } from "bun:test";
import type { ActorClass } from "../../proto/actor.ts";
import type { Mode } from "../../proto/change.ts";
import type { Finding } from "../../proto/outcome.ts";
import { evaluatePolicies } from "../policy/evaluate.ts";
import { policyInput, readBundle, ruleTable } from "../policy/index.ts";
import { CHECKS as ALL_CHECKS } from "./checks/index.ts";
import type { Check } from "./checks/check.ts";
import { TOOL_RULES } from "../commands/rules.ts";
import { decide } from "./decide.ts";
import { clean, finding, outcome } from "./testing/decide-input.ts";

const BUNDLE = new URL("../../policies/default/bundle.tar.gz", import.meta.url).pathname;
const table = ruleTable(readBundle(await Bun.file(BUNDLE).bytes(), "default").data);

interface Author {
  readonly class: ActorClass;
  readonly mode?: Mode;
  readonly authenticated?: boolean;
}

async function verdict(author: Author, findings: readonly Finding[]) {
  const outcomes = [outcome("any", { findings: [...findings] }), outcome("text")];
  const required = ["any", "text"];
  const input = policyInput({
    mode: author.mode ?? "local",
    repository: "demo",
    target_ref: "refs/heads/main",
    title: "add a thing",
    actor: { class: author.class, authenticated: author.authenticated ?? false, name: "Ada", agent: null, signs: [] },
    files: 1,
    added_lines: 1,
    removed_lines: 0,
    history: "known",
    conflicts: 0,
    empty: false,
    required,
    outcomes,
  });
  const policy = await evaluatePolicies({ bundles: [BUNDLE], input });
  return decide(clean({ outcomes, policy, config: { rules: {}, base_rules: {}, required } })).verdict;
}

test("the policy's table has a row for every rule of every check, and no other", () => {
  const rules = [...ALL_CHECKS.flatMap((check: Check) => check.rules.map(({ id }) => id)), ...Object.keys(TOOL_RULES)];
  expect(rules.length).toBeGreaterThan(10);
  expect([...table.keys()].sort()).toEqual(rules.sort());
});

describe("verdicts of the default policy in mode local: human, agent, bot, unknown", () => {
  const classes: readonly ActorClass[] = ["human", "agent", "bot", "unknown"];
  const cases: readonly (readonly [string, Finding["tags"], string])[] = [
    ["secret.token", [], "refuse refuse refuse refuse"],
    ["secret.token", ["test-path"], "hold hold hold hold"],
    ["secret.private-key", ["fixture-path"], "admit admit admit admit"],
    ["test.focused", [], "refuse refuse refuse refuse"],
    ["dep.foreign-source", [], "refuse refuse refuse refuse"],
    ["ci.permission-raised", [], "hold hold hold hold"],
    ["ci.changed", [], "admit hold admit hold"],
    ["test.weakened", [], "admit hold admit hold"],
    ["size.unreviewable", [], "admit hold admit hold"],
    ["rule.nobody-knows", [], "hold hold hold hold"],
  ];
  test.each(cases)("%s %j", async (rule, tags, expected) => {
    const verdicts: string[] = [];
    for (const author of classes) verdicts.push(await verdict({ class: author }, [{ ...finding(rule), tags }]));
    expect(verdicts.join(" ")).toBe(expected);
  });
});

test("outside mode local nobody becomes a person by saying so", async () => {
  expect(await verdict({ class: "human", mode: "host" }, [finding("ci.changed")])).toBe("hold");
  expect(await verdict({ class: "bot", mode: "fork" }, [finding("ci.changed")])).toBe("hold");
  expect(await verdict({ class: "human", mode: "host", authenticated: true }, [finding("ci.changed")])).toBe("admit");
});

test("one finding that refuses among many that do not", async () => {
  expect(await verdict({ class: "human" }, [finding("ci.changed", 1), finding("code.debugger", 2), finding("size.unreviewable", 3)])).toBe("refuse");
});
