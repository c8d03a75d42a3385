/** Routers of the host configuration: what the schema cannot say of them. */
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { HostConfig } from "../../proto/config.ts";
import { OWN_ROUTER_IDS } from "../../proto/episode.ts";
import { RouterEntry } from "../../proto/routing.ts";
import type { Problem } from "./problem.ts";
import type { YamlDocument } from "./yaml.ts";

type Wrong = readonly [path: readonly (string | number)[], because: string];

/** The document with what a router leaves out; whatever is no router is left for the schema to name. */
export function withRouterDefaults(document: YamlDocument): YamlDocument {
  const { value } = document;
  if (typeof value !== "object" || value === null || !("routers" in value)) return document;
  return { ...document, value: { ...value, routers: Value.Default(Type.Array(RouterEntry), structuredClone(value.routers)) } };
}

/** Numbers of a context by which a model's price is known before it is asked; a router without both has to say `usage` itself. */
const [PROMPT, COMPLETION] = ["prompt_tokens", "completion_tokens"];
const TOKENS_PER_PRICE = 1_000;

const modelOf = (models: HostConfig["models"], name: string): { readonly capabilities?: readonly string[]; readonly usd_micro_per_1k?: { readonly prompt: number; readonly completion: number } } | undefined => models?.text?.find((entry) => entry.name === name) ?? models?.remote?.find((entry) => entry.id === name);

/** What the models' own entries say of arms that ask them, where the arms say nothing: it stands in the router then, so that a decision drawn again is the same under other prices. */
export function routersOf({ routers = [], models }: Pick<HostConfig, "routers" | "models">): RouterEntry[] {
  return routers.map((router) => {
    const counted = [PROMPT, COMPLETION].every((name) => router.context.some((field) => field.name === name && field.type === "number"));
    const arms = router.arms.map((arm): RouterEntry["arms"][number] => {
      const model = arm.model === undefined ? undefined : modelOf(models, arm.model);
      if (model === undefined) return arm;
      const { capabilities, usd_micro_per_1k: price } = model;
      const paid = price === undefined ? [] : [{ resource: "usd_micro" as const, per: { [PROMPT]: price.prompt / TOKENS_PER_PRICE, [COMPLETION]: price.completion / TOKENS_PER_PRICE } }];
      return { ...(capabilities === undefined ? {} : { capabilities: [...capabilities] }), ...(counted ? { usage: [...paid, { resource: "tokens", per: { [PROMPT]: 1, [COMPLETION]: 1 } }] } : {}), ...arm };
    });
    return { ...router, arms };
  });
}

/** The place of the first name that stood there before. */
const twice = (names: readonly string[]): number => names.findIndex((name, i) => names.indexOf(name) < i);

function contextProblem({ context }: RouterEntry): Wrong | null {
  const again = twice(context.map(({ name }) => name));
  if (again >= 0) return [["context", again, "name"], `${context[again]?.name} stands there twice`];
  for (const [i, { type, values, pii }] of context.entries()) {
    if ((type === "choice") !== (values !== undefined)) return [["context", i, "values"], type === "choice" ? "is needed: a choice is one of them" : "is for fields of type choice"];
    if (pii !== undefined && type !== "text") return [["context", i, "pii"], "is for fields of type text"];
  }
  return null;
}

function armProblem({ arms, context, reward, baseline }: RouterEntry, models: HostConfig["models"]): Wrong | null {
  const again = twice(arms.map(({ id }) => id));
  if (again >= 0) return [["arms", again, "id"], `${arms[again]?.id} stands there twice`];
  if (!arms.some(({ id }) => id === baseline)) return [["baseline"], `${baseline} is none of the arms`];
  const numbers = new Set(context.filter(({ type }) => type === "number").map(({ name }) => name));
  for (const [i, arm] of arms.entries()) {
    if (arm.reward < reward.min || arm.reward > reward.max) return [["arms", i, "reward"], `${arm.reward} is not between reward.min and reward.max; say what is expected of ${arm.id} where nothing is learned`];
    if (arm.model !== undefined && modelOf(models, arm.model) === undefined) return [["arms", i, "model"], `${arm.model} is none of models.text and models.remote`];
    const usage = arm.usage ?? [];
    const repeated = twice(usage.map(({ resource }) => resource));
    if (repeated >= 0) return [["arms", i, "usage", repeated, "resource"], `${usage[repeated]?.resource} stands there twice`];
    for (const [nth, { per = {} }] of usage.entries()) {
      const unknown = Object.keys(per).find((field) => !numbers.has(field));
      if (unknown !== undefined) return [["arms", i, "usage", nth, "per", unknown], "is no field of type number of this router's context"];
    }
  }
  return null;
}

/** Numbers that are signed have nine digits after the point, and parts of a range below this have no value at all. */
const RANGE_MIN = 1e-9;
const TOO_NARROW = `has to be ${RANGE_MIN} above the least: choose another unit`;

function boundsProblem({ reward, constraints = [] }: RouterEntry): Wrong | null {
  if (!(reward.min < reward.max)) return [["reward", "max"], "has to be above reward.min"];
  if (reward.max - reward.min < RANGE_MIN) return [["reward", "max"], TOO_NARROW];
  const narrow = constraints.findIndex(({ min, max_value }) => min < max_value && max_value - min < RANGE_MIN);
  if (narrow >= 0) return [["constraints", narrow, "max_value"], TOO_NARROW];
  const again = twice(constraints.map(({ name }) => name));
  if (again >= 0) return [["constraints", again, "name"], `${constraints[again]?.name} stands there twice`];
  const i = constraints.findIndex(({ min, max, max_value }) => !(min < max_value && min <= max && max < max_value));
  return i < 0 ? null : [["constraints", i, "max"], "has to be at least min and below max_value: any other bound is kept by everything, or by nothing"];
}

/** Least propensities that cannot hold together would leave a later candidate without a largest weight. */
function explorationProblem({ arms, exploration }: RouterEntry): Wrong | null {
  if (exploration === undefined) return null;
  const reversible = arms.filter(({ reversible: undone }) => undone).length;
  if (reversible === 0) return [["exploration"], "no arm is reversible, so none may be explored"];
  const kept = reversible + (reversible < arms.length ? 1 : 0);
  return exploration.floor * kept <= 1 ? null : [["exploration", "floor"], `${kept} arms of at least ${exploration.floor} are more than one; at most ${1 / kept}`];
}

/** What is told and kept is looked up by these names in plain objects, where each of these stands for something else. */
function reservedProblem({ id, context, arms, constraints = [] }: RouterEntry): Wrong | null {
  const places: readonly (readonly [path: readonly (string | number)[], name: string])[] = [
    [["id"], id], ...context.map(({ name }, i) => [["context", i, "name"], name] as const), ...arms.map((arm, i) => [["arms", i, "id"], arm.id] as const), ...constraints.map(({ name }, i) => [["constraints", i, "name"], name] as const),
  ];
  const found = places.find(([, name]) => name in {});
  return found === undefined ? null : [found[0], `${found[1]} means something to the daemon itself; choose another name`];
}

/** The first thing wrong, or null. */
export function routerProblem({ routers = [], models }: HostConfig): Problem | null {
  for (const [i, router] of routers.entries()) {
    const at = ([path, because]: Wrong): Problem => ({ path: ["routers", String(i), ...path.map(String)], because });
    if (routers.findIndex(({ id }) => id === router.id) < i) return at([["id"], `${router.id} stands there twice`]);
    if (OWN_ROUTER_IDS.includes(router.id)) return at([["id"], `${router.id} is a router of the daemon's own; choose another name`]);
    const wrong = reservedProblem(router) ?? boundsProblem(router) ?? contextProblem(router) ?? armProblem(router, models) ?? explorationProblem(router);
    if (wrong !== null) return at(wrong);
    if (router.policy_digest !== undefined && router.policy_file === undefined) return at([["policy_digest"], "needs policy_file beside it"]);
  }
  return null;
}
