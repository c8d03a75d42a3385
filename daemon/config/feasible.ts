/** Whether promised shares, ceilings and budgets can hold together; a market that promises what it does not have is refused with what to change. Pure. */

export interface PromisedTenant {
  readonly name: string;
  /** Share of what it asks for, by value, that it is always served, in [0, 1]. */
  readonly floor: number;
  /** Most of each resource's capacity it may use in one slot, as a share, in (0, 1]. */
  readonly ceiling: number;
  /** Of each resource, in natural units a slot: what all that it asks for would take. */
  readonly demand: readonly number[];
  /** Of each resource, in natural units a slot: what its own hard budget comes to; `Infinity` without. */
  readonly budget: readonly number[];
}

export interface PromisedResource {
  readonly name: string;
  /** Natural units a slot. */
  readonly capacity: number;
}

/** Above a sum by rounding alone is not above it. */
const ROUNDING = 1e-9;
const more = (a: number, b: number): boolean => a > b * (1 + ROUNDING);
const shown = (value: number): string => String(Number(value.toPrecision(6)));
/** Down, so that whoever writes the number into the file is not refused again. */
const shownDown = (value: number): string => String(Math.floor(value * 1000) / 1000);

function ofTenant(tenant: PromisedTenant, resources: readonly PromisedResource[]): string[] {
  const { name, floor, ceiling, demand, budget } = tenant;
  if (!(floor >= 0 && floor <= 1)) return [`tenant ${name}: floor ${floor} is no share; write one from 0 to 1`];
  if (!(ceiling > 0 && ceiling <= 1)) return [`tenant ${name}: ceiling ${ceiling} is no share; write one above 0 and at most 1`];
  if (demand.length !== resources.length || budget.length !== resources.length || !demand.every((amount) => amount >= 0 && Number.isFinite(amount)) || !budget.every((amount) => amount >= 0)) return [`tenant ${name}: demand and budget have to be numbers of at least zero, one for each of ${resources.length} resources`];
  return resources.flatMap((resource, i) => {
    const needed = floor * (demand[i] ?? 0);
    const most = ceiling * resource.capacity;
    const has = budget[i] ?? 0;
    const found: string[] = [];
    if (more(needed, most)) found.push(`tenant ${name}: its floor ${floor} takes ${shown(needed)} of ${resource.name} a slot, its ceiling ${ceiling} leaves ${shown(most)}; lower the floor to ${shownDown(most / (demand[i] ?? 1))} or raise the ceiling`);
    if (more(needed, has)) found.push(`tenant ${name}: its floor ${floor} takes ${shown(needed)} of ${resource.name} a slot, its budget comes to ${shown(has)}; lower the floor to ${shownDown(has / (demand[i] ?? 1))} or raise the budget`);
    return found;
  });
}

/** What stands against these promises, a sentence each, with what to change; none where they can hold together. */
export function contradictions(resources: readonly PromisedResource[], tenants: readonly PromisedTenant[]): readonly string[] {
  const bad = resources.filter(({ capacity }) => !(capacity > 0 && Number.isFinite(capacity))).map(({ name, capacity }) => `${name}: a capacity of ${capacity} a slot; write a number above zero`);
  const twice = tenants.filter(({ name }, i) => tenants.findIndex((other) => other.name === name) !== i).map(({ name }) => `tenant ${name} stands there twice; leave one out`);
  const single = [...bad, ...twice, ...tenants.flatMap((tenant) => ofTenant(tenant, resources))];
  if (single.length > 0) return single;
  return resources.flatMap(({ name, capacity }, i) => {
    const needed = tenants.reduce((sum, { floor, demand }) => sum + floor * (demand[i] ?? 0), 0);
    if (!more(needed, capacity)) return [];
    const share = capacity / needed;
    const lower = tenants.filter(({ floor, demand }) => floor > 0 && (demand[i] ?? 0) > 0).map((tenant) => `${tenant.name} to ${shownDown(tenant.floor * share)}`);
    return [`floors take ${shown(needed)} of ${name} a slot, there are ${shown(capacity)}; lower them (${lower.join(", ")}), or raise the capacity to ${Math.ceil(needed)}`];
  });
}
