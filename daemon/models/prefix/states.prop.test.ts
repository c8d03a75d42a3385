import { expect, test } from "bun:test";
import fc from "fast-check";
import { chainOf } from "./scope.ts";
import { PrefixStates, type SavedState, type StateLimits } from "./states.ts";

/** The same promises from a list that is sorted anew for each question, over tokens and not over digests. */
class SlowStates {
  private list: { readonly state: SavedState; readonly tokens: readonly number[]; used: number }[] = [];
  private uses = 0;
  constructor(private readonly limits: StateLimits) {}

  get bytes(): number {
    return this.list.reduce((sum, { state }) => sum + state.bytes, 0);
  }
  bytesOf(tenant: string | null, without: readonly string[] = []): number {
    return this.list.filter(({ state }) => state.tenant === tenant && !without.includes(state.id)).reduce((sum, { state }) => sum + state.bytes, 0);
  }
  find(scope: string, tokens: readonly number[]): { readonly id: string; readonly blocks: number } | null {
    const served = this.list.filter(({ state }) => state.scope === scope).map((one) => {
      let blocks = 0;
      while (blocks < Math.min(one.tokens.length, tokens.length) && one.tokens[blocks] === tokens[blocks]) blocks++;
      return { id: one.state.id, blocks };
    });
    return served.filter(({ blocks }) => blocks > 0).sort((a, b) => b.blocks - a.blocks || (a.id < b.id ? -1 : 1))[0] ?? null;
  }
  touch(id: string): void {
    const one = this.list.find(({ state }) => state.id === id);
    if (one !== undefined) one.used = ++this.uses;
  }
  drop(id: string): void {
    this.list = this.list.filter(({ state }) => state.id !== id);
  }
  put(state: SavedState, tokens: readonly number[]): { kept: boolean; removed: string[] } {
    const nothing = { kept: false, removed: [] };
    if (state.bytes > this.limits.bytes_max) return nothing;
    const starts = (one: readonly number[], other: readonly number[]) => one.length <= other.length && one.every((token, i) => token === other[i]);
    const serves = this.list.filter((one) => one.state.scope === state.scope && starts(tokens, one.tokens)).map((one) => one.state.id).sort()[0];
    if (serves !== undefined) return this.touch(serves), nothing;
    const gone = this.list.filter((one) => one.state.scope === state.scope && starts(one.tokens, tokens)).map((one) => one.state.id);
    while (this.bytes - this.list.filter(({ state: { id } }) => gone.includes(id)).reduce((sum, one) => sum + one.state.bytes, 0) + state.bytes > this.limits.bytes_max) {
      const may = this.list.filter((one) => !gone.includes(one.state.id) && (one.state.tenant === state.tenant || this.bytesOf(one.state.tenant, gone) - one.state.bytes >= this.limits.floor_bytes));
      const worth = ({ state }: (typeof may)[number]) => state.cost_us / state.bytes;
      const oldest = may.toSorted((a, b) => a.used - b.used).slice(0, Math.min(8, Math.ceil((this.list.length - gone.length) / 2)));
      const cheaper = oldest.filter((one) => one !== oldest[0] && worth(one) * 2 <= worth(oldest[0]!)).sort((a, b) => worth(a) - worth(b) || a.used - b.used);
      const victim = cheaper[0] !== undefined && worth(cheaper[0]) < worth(oldest[0]!) ? cheaper[0] : oldest[0];
      if (victim === undefined) return nothing;
      gone.push(victim.state.id);
    }
    this.list = this.list.filter((one) => !gone.includes(one.state.id));
    this.list.push({ state, tokens, used: ++this.uses });
    return { kept: true, removed: gone.sort() };
  }
}

const TENANTS = ["a", "b", null] as const;
const scopeOf = (tenant: number, task: number): string => `scope-${tenant}-${task}`;

const step = fc.record({ act: fc.constantFrom("put", "put", "put", "find", "touch", "drop"), tenant: fc.nat(2), task: fc.nat(1), tokens: fc.array(fc.nat(2), { minLength: 1, maxLength: 4 }), bytes: fc.integer({ min: 1, max: 9 }), cost_us: fc.nat(20) });
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Steps against both; what a step must never do is looked at on the way. `find` is the one under test. */
function run(steps: readonly Step[], limits: StateLimits, find = (states: PrefixStates, scope: string, chain: readonly string[]) => states.find(scope, chain)): number {
  const [fast, slow] = [new PrefixStates(limits), new SlowStates(limits)];
  let hits = 0;
  for (const { act, tenant, task, tokens, bytes, cost_us } of steps) {
    const scope = scopeOf(tenant, task);
    const chain = chainOf(scope, tokens, 1, tokens.length);
    const id = chain.at(-1) ?? "";
    const before = TENANTS.map((name) => fast.bytesOf(name));
    if (act === "put") {
      const state = { id, scope, tenant: TENANTS[tenant] ?? null, chain, bytes, cost_us };
      const put = fast.put(state);
      const [ours, wanted] = [JSON.stringify({ kept: put.kept, removed: [...put.removed].sort() }), JSON.stringify(slow.put(state, tokens))];
      if (ours !== wanted) expect(ours).toBe(wanted);
    }
    if (act === "find") {
      const [found, wanted] = [find(fast, scope, chain), slow.find(scope, tokens)];
      if (found?.state.id !== wanted?.id || found?.blocks !== wanted?.blocks) expect(found === null ? null : { id: found.state.id, blocks: found.blocks }).toEqual(wanted);
      if (found !== null && found.state.scope !== scope) expect(found.state.scope).toBe(scope);
      hits += found === null ? 0 : 1;
    }
    if (act === "touch") fast.touch(id), slow.touch(id);
    if (act === "drop") fast.drop(id), slow.drop(id);
    // Asked of each step, and said by `expect` only where it does not hold: a hundred thousand times it is what takes long.
    if (fast.bytes !== slow.bytes || fast.bytes > limits.bytes_max) expect(fast.bytes).toBe(Math.min(slow.bytes, limits.bytes_max));
    if (act !== "put") continue;
    // Another tenant's put took nothing of what lies below a floor.
    for (const [i, name] of TENANTS.entries()) {
      const floor = Math.min(before[i] ?? 0, limits.floor_bytes);
      if (i !== tenant && fast.bytesOf(name) < floor) expect(fast.bytesOf(name)).toBeGreaterThanOrEqual(floor);
    }
  }
  return hits;
}

const AWAKE = { floor_idle_ms: 1, now_ms: () => 0 };
const limits = fc.record({ bytes_max: fc.integer({ min: 5, max: 60 }), floor_bytes: fc.integer({ min: 0, max: 30 }) }).map((of) => ({ ...of, ...AWAKE }));

test("saved states: the same as a list sorted anew, floors hold, nothing is found across scopes", () => {
  let hits = 0;
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), limits, (steps, of) => void (hits += run(steps, of))), { numRuns: 300 });
  expect(hits).toBeGreaterThan(0);
});

test("100,000 operations of three tenants over the same few prompts: no hit across scopes", () => {
  const steps = fc.sample(step, { numRuns: 100_000, seed: 9 });
  expect(run(steps, { bytes_max: 150, floor_bytes: 40, ...AWAKE })).toBeGreaterThan(1_000);
}, 60_000);

test("a canary: a search that shares scopes is found out", () => {
  const shared = (states: PrefixStates, _scope: string, chain: readonly string[]) => states.find(scopeOf(0, 0), chain) ?? states.find(scopeOf(0, 0), chainOf(scopeOf(0, 0), [0], 1, 1));
  expect(() => run(fc.sample(step, { numRuns: 2_000, seed: 9 }), { bytes_max: 150, floor_bytes: 40, ...AWAKE }, shared)).toThrow();
});
