import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { MaestroError } from "../../proto/errors.ts";
import { utf8 } from "../../proto/encoding.ts";
import { EMBEDDED_CONFIG, parseHostConfig, resolveHost } from "./host.ts";
import { LiveHost } from "./live.ts";

const DOCS = readFileSync(new URL("../../docs/routing.md", import.meta.url), "utf8");
const example = /```yaml\n([\s\S]*?)```/.exec(DOCS)?.[1] ?? "";

function refusal(text: string): string {
  try {
    parseHostConfig(utf8(text), "maestrod.yaml");
  } catch (error) {
    if (error instanceof MaestroError) return error.detail;
    throw error;
  }
  return "taken";
}
/** The page's example, with one thing changed in it. */
function changed(from: string, to: string): string {
  expect(example).toContain(from);
  return refusal(example.replace(from, to));
}

test("the page's own example is read, and what it leaves out is filled in", () => {
  const [router] = resolveHost(parseHostConfig(utf8(example), "maestrod.yaml")).routers;
  expect(router).toMatchObject({ id: "models", value_usd_micro: 20_000, outcome_s: 600, exploration: { epsilon: 0.05, floor: 0.02 }, constraints: [{ name: "harm", min: 0, max: 0.02, max_value: 1 }] });
  expect(router?.arms.map(({ reversible, reward }) => [reversible, reward])).toEqual([[true, 0.5], [false, 0.9]]);
});

describe("an arm that asks a model", () => {
  const MODELS = "models:\n  text: [{name: small, capabilities: [chat]}]\n  remote: [{id: dear, base_url: https://models.example/v1, model: x, context_tokens: 4096, usd_micro_per_1k: {prompt: 150, completion: 600}}]\n";
  const ROUTER = "version: 1\ntrust_domain: build.example\nmodes: [local]\nrouters:\n- id: ask\n  context: [{name: prompt_tokens, type: number}, {name: completion_tokens, type: number}]\n  baseline: here\n  reward: {name: solved, version: 1, min: 0, max: 1}\n  arms: [{id: here, model: small}, {id: there, model: dear, capabilities: [code]}, {id: own, model: dear, usage: []}]\n";
  const armsOf = (text: string) => resolveHost(parseHostConfig(utf8(text), "maestrod.yaml")).routers[0]?.arms.map(({ capabilities, usage }) => ({ capabilities, usage }));

  test("can do what the model's entry says and costs what it says, unless the arm says it", () => {
    const tokens = { resource: "tokens", per: { prompt_tokens: 1, completion_tokens: 1 } };
    expect<unknown>(armsOf(ROUTER + MODELS)).toEqual([{ capabilities: ["chat"], usage: [tokens] }, { capabilities: ["code"], usage: [{ resource: "usd_micro", per: { prompt_tokens: 0.15, completion_tokens: 0.6 } }, tokens] }, { capabilities: undefined, usage: [] }]);
    // Nobody says how long prompt and answer are: nothing can be said of what they cost.
    expect(armsOf((ROUTER + MODELS).replace(", {name: completion_tokens, type: number}", ""))?.map(({ usage }) => usage)).toEqual([undefined, undefined, []]);
  });

  test("names one that is configured", () => {
    expect(refusal(ROUTER + MODELS.replace("name: small", "name: smaller"))).toContain("routers.0.arms.0.model: small is none of models.text and models.remote");
    expect(refusal(ROUTER)).toContain("routers.0.arms.0.model");
  });
});

describe("contradictions are refused with line and field", () => {
  const cases: readonly (readonly [name: string, from: string, to: string, says: string])[] = [
    ["a baseline that is no arm", "baseline: large", "baseline: huge", "routers.0.baseline: huge is none of the arms"],
    ["two arms of one name", "- id: large", "- id: local", "local stands there twice"],
    ["two fields of one name", "name: tokens, type", "name: kind, type", "kind stands there twice"],
    ["a choice without values", ", values: [code, chat]", "", "routers.0.context.0.values: is needed"],
    ["values of a number", "type: number}", "type: number, values: [a]}", "is for fields of type choice"],
    ["a number that is somebody's name", "type: number}", "type: number, pii: person}", "is for fields of type text"],
    ["usage by a field that is no number", "per: {tokens: 600}", "per: {kind: 600}", "routers.0.arms.0.usage.0.per.kind: is no field of type number"],
    ["a resource twice", "resource: tokens, per", "resource: usd_micro, per", "usd_micro stands there twice"],
    ["an expectation that no reward can be", "reward: 0.9", "reward: 1.5", "1.5 is not between reward.min and reward.max"],
    ["a reward without a range", "min: 0, max: 1}", "min: 1, max: 1}", "has to be above reward.min"],
    ["a reward of hardly any range", "min: 0, max: 1}", "min: 0, max: 5e-324}", "choose another unit"],
    ["a constraint of no size", "{name: harm, max: 0.02}", "{name: harm, max: 0, max_value: 1e-300}", "choose another unit"],
    ["a bound that everything keeps", "{name: harm, max: 0.02}", "{name: harm, max: 1}", "any other bound is kept by everything, or by nothing"],
    ["a bound that nothing keeps", "{name: harm, max: 0.02}", "{name: harm, max: -1}", "any other bound is kept by everything, or by nothing"],
    ["floors of more than one", "floor: 0.02", "floor: 0.5001", "exploration"],
    ["exploration of nothing", "reversible: true ", "reversible: false", "no arm is reversible"],
    ["a digest of no file", "policy_file: /etc/maestro/models.policy.json", `policy_digest: ${"a".repeat(64)}`, "routers.0.policy_digest: needs policy_file beside it"],
    ["a key that nobody knows", "outcome_s: 600", "outcomes_s: 600", "did you mean outcome_s?"],
    ["a name of the daemon's own", "- id: models", "- id: gate", "routers.0.id: gate is a router of the daemon's own"],
    ["a router that is none", "- id: models", "- id: Models", "routers.0.id"],
  ];
  const reserved: readonly (readonly [from: string, to: string, place: string])[] = [["id: models", "id: constructor", "routers.0.id"], ["id: local", "id: constructor", "arms.0.id"], ["name: tokens, type", "name: constructor, type", "context.1.name"], ["name: harm", "name: constructor", "constraints.0.name"]];
  for (const [from, to, place] of reserved) test(`attack: ${place} that every object has already`, () => expect(changed(from, to)).toContain(`${place}: constructor means something`));
  for (const [name, from, to, says] of cases) test(name, () => expect(changed(from, to)).toContain(says));

  test("three floors of 0.4", () => {
    const three = example.replace("reward: 0.9", "reward: 0.9\n    reversible: true").replace("- id: large", "- {id: third, reversible: true}\n  - id: large");
    expect(refusal(three.replace("floor: 0.02", "floor: 0.4"))).toContain("3 arms of at least 0.4 are more than one");
    expect(refusal(three.replace("floor: 0.02", "floor: 0.3"))).toBe("taken");
  });

  test("the same router twice", () => {
    expect(refusal(`${example}${example.slice(example.indexOf("- id: models"))}`)).toContain("routers.1.id: models stands there twice");
  });
});

test("a reload brings other routers, and their fractions are compared as they are", () => {
  const given = parseHostConfig(utf8(example), "maestrod.yaml");
  const live = new LiveHost({ ...EMBEDDED_CONFIG, routers: given.routers ?? [] });
  const { host } = live;
  const next = parseHostConfig(utf8(example.replace("epsilon: 0.05", "epsilon: 0.06")), "maestrod.yaml");
  expect(live.adopt({ ...EMBEDDED_CONFIG, routers: given.routers ?? [] })).toEqual({ applied: [], needs_restart: [] });
  expect(live.adopt({ ...EMBEDDED_CONFIG, routers: next.routers ?? [] })).toEqual({ applied: ["routers"], needs_restart: [] });
  expect(host.routers[0]?.exploration?.epsilon).toBe(0.06);
});
