/** The market of the host configuration: defaults, and what the schema cannot say of it. */
import { Value } from "@sinclair/typebox/value";
import type { HostConfig } from "../../proto/config.ts";
import { MarketSetting, type MarketTenant } from "../../proto/market.ts";
import type { Resource } from "../../proto/resource.ts";
import type { Spending, TenantEntry } from "../../proto/tenant.ts";
import { contradictions } from "./feasible.ts";
import type { Problem } from "./problem.ts";
import type { YamlDocument } from "./yaml.ts";

/** The document with what the market leaves out; whatever is no market is left for the schema to name. */
export function withMarketDefaults(document: YamlDocument): YamlDocument {
  const { value } = document;
  if (typeof value !== "object" || value === null || !("market" in value)) return document;
  return { ...document, value: { ...value, market: Value.Default(MarketSetting, structuredClone(value.market)) } };
}

/** What a budget calls each resource. */
const BUDGET_NAME: Readonly<Record<Resource, keyof Spending>> = { usd_micro: "usd_micro", tokens: "model_tokens", gpu_us: "gpu_us", cpu_us: "cpu_us" };
const WINDOW_S = { hour: 3_600, day: 86_400 } as const;

/** Whole units a slot that the tenant's own budget comes to. */
function budgetOf(entry: TenantEntry | undefined, resource: Resource, slot_s: number): number {
  const { budget } = entry ?? {};
  const limit = budget?.[BUDGET_NAME[resource]];
  return budget === undefined || limit === undefined ? Number.POSITIVE_INFINITY : (limit * slot_s) / WINDOW_S[budget.window];
}

export function marketProblem({ market, tenants = [] }: HostConfig): Problem | null {
  if (market === undefined) return null;
  const { resources, slot_s, tenants: shares = [] } = market;
  const at = (path: readonly (string | number)[], because: string): Problem => ({ path: ["market", ...path.map(String)], because });
  const twice = resources.findIndex(({ resource }, i) => resources.findIndex((other) => other.resource === resource) < i);
  if (twice >= 0) return at(["resources", twice, "resource"], `${resources[twice]?.resource} stands there twice`);
  const known = new Set(tenants.map(({ id }) => id));
  for (const [i, { id, floor, ceiling, demand = {} }] of shares.entries()) {
    if (!known.has(id)) return at(["tenants", i, "id"], `there is no tenant ${id}; add it to tenants, or leave it out here`);
    const shut = resources.find(({ capacity }) => Math.floor(ceiling * capacity) < 1);
    if (shut !== undefined) return at(["tenants", i, "ceiling"], `${ceiling} of ${shut.capacity} ${shut.resource} a slot is less than one, so ${id} could never use any; raise the ceiling`);
    const unsaid = floor > 0 ? resources.find(({ resource }) => demand[resource] === undefined) : undefined;
    if (unsaid !== undefined) return at(["tenants", i, "demand"], `a floor needs what ${id} asks for in one slot; add ${unsaid.resource}`);
  }
  const promised = ({ id, floor, ceiling, demand = {} }: MarketTenant) => ({
    name: id,
    floor,
    ceiling,
    demand: resources.map(({ resource }) => demand[resource] ?? 0),
    budget: resources.map(({ resource }) => budgetOf(tenants.find((entry) => entry.id === id), resource, slot_s)),
  });
  const [first, ...rest] = contradictions(resources.map(({ resource, capacity }) => ({ name: resource, capacity })), shares.map(promised));
  return first === undefined ? null : at([shares.length > 0 ? "tenants" : "resources"], `${first}${rest.length === 0 ? "" : `; and ${rest.length} more like it`}`);
}
