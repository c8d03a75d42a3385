import { expect, test } from "bun:test";
import { SeededRandom } from "../../testing/random.ts";
import { PrefixStates, type SavedState } from "./states.ts";
import { ceiling, percent, replay, replayLru } from "./testing/replay.ts";

const AWAKE = { floor_idle_ms: 1_000, now_ms: () => 0 };
const stateOf = (id: string, tenant: string | null, bytes: number, cost_us = bytes): SavedState => ({ id, scope: `scope of ${tenant}`, tenant, chain: [id], bytes, cost_us });

test("a floor is nobody else's room; above it the oldest goes, whoever's it is", () => {
  const states = new PrefixStates({ bytes_max: 100, floor_bytes: 30, ...AWAKE });
  for (const id of ["a1", "a2", "a3", "a4"]) expect(states.put(stateOf(id, "a", 20)).kept).toBe(true);
  expect(states.put(stateOf("b1", "b", 20))).toEqual({ kept: true, removed: [] });
  // 80 bytes of a tenant with a floor of 30: two go, a third may not.
  expect(states.put(stateOf("b2", "b", 40))).toEqual({ kept: true, removed: ["a1", "a2"] });
  expect(states.put(stateOf("c1", "c", 45))).toEqual({ kept: false, removed: [] });
  expect(states.put(stateOf("c2", "c", 20))).toEqual({ kept: true, removed: ["b1"] });
  expect(states.bytesOf("a")).toBe(40);
});

test("where the floors of those who came first fill everything, a newcomer gets none, and they keep what they have", () => {
  const states = new PrefixStates({ bytes_max: 60, floor_bytes: 30, ...AWAKE });
  expect(states.put(stateOf("a1", "a", 30)).kept).toBe(true);
  expect(states.put(stateOf("b1", "b", 30)).kept).toBe(true);
  expect(states.put(stateOf("c1", "c", 10))).toEqual({ kept: false, removed: [] });
  // Their own they replace as they like.
  expect(states.put(stateOf("a2", "a", 30))).toEqual({ kept: true, removed: ["a1"] });
});

test("attack: tenants that are gone hold their floors for ever, and nobody else's prompt is kept", () => {
  let now_ms = 0;
  const states = new PrefixStates({ bytes_max: 60, floor_bytes: 30, floor_idle_ms: 1_000, now_ms: () => now_ms });
  states.put(stateOf("a1", "a", 30));
  // Of one that was found at the start, used before it.
  states.put(stateOf("b1", "b", 30), -500);
  expect(states.put(stateOf("c1", "c", 10)).kept).toBe(false);
  now_ms = 501;
  expect(states.put(stateOf("c1", "c", 10))).toEqual({ kept: true, removed: ["b1"] });
  now_ms = 900;
  states.touch("a1");
  now_ms = 1_900;
  expect(states.put(stateOf("c2", "c", 30))).toEqual({ kept: true, removed: ["c1"] });
  now_ms = 1_901;
  expect(states.put(stateOf("d1", "d", 20))).toEqual({ kept: true, removed: ["a1"] });
});

test("what holds all that another holds takes its place, and one that adds nothing is not kept", () => {
  const states = new PrefixStates({ bytes_max: 100, floor_bytes: 0, ...AWAKE });
  const chain = ["1", "2", "3"];
  const upto = (blocks: number): SavedState => ({ id: chain[blocks - 1]!, scope: "s", tenant: null, chain: chain.slice(0, blocks), bytes: blocks * 10, cost_us: 1 });
  expect(states.put(upto(2)).kept).toBe(true);
  expect(states.put(upto(3))).toEqual({ kept: true, removed: ["2"] });
  expect(states.put(upto(1))).toEqual({ kept: false, removed: [] });
  expect(states.find("s", ["1", "x"])).toMatchObject({ blocks: 1, state: { id: "3" } });
  expect(states.find("t", ["1"])).toBeNull();
});

test("of the oldest, one whose loss costs half as much goes first; costs that are nearly the same leave it to age", () => {
  const filled = (cheap_us: number): PrefixStates => {
    const states = new PrefixStates({ bytes_max: 80, floor_bytes: 0, ...AWAKE });
    for (let i = 0; i < 8; i++) states.put(stateOf(`s${i}`, "a", 10, i === 2 ? cheap_us : 100));
    return states;
  };
  expect(filled(50).put(stateOf("new", "a", 10)).removed).toEqual(["s2"]);
  expect(filled(60).put(stateOf("new", "a", 10)).removed).toEqual(["s0"]);
});

/** Talks of several turns, each turn beginning with all that was said; a few openings are common to many. */
function talks(seed: string, count: number): number[][] {
  const bytes = new SeededRandom(seed);
  const draw = (below: number): number => (bytes.bytes(2)[0]! * 256 + bytes.bytes(1)[0]!) % below;
  const open: number[][] = [];
  const requests: number[][] = [];
  for (let next = 1_000; requests.length < count; ) {
    const again = open.length > 0 && draw(3) > 0;
    const at = again ? open.length - 1 - draw(Math.min(open.length, 12)) : open.push([draw(3), 10 + draw(6)]) - 1;
    const said = open[at]!;
    for (let i = 1 + draw(4); i > 0; i--) said.push(next++);
    requests.push([...said]);
    if (said.length > 30) open.splice(at, 1);
  }
  return requests;
}

test("talks made up from a seed are served at least as well as by LRU at every size, and never better than can be", () => {
  const requests = talks("talks", 600);
  const most = percent(ceiling(requests));
  const shares = [100, 300, 1_000, 3_000].map((blocks) => [replay(requests, blocks), replayLru(requests, blocks)].map(percent) as [number, number]);
  for (const [ours, lru] of shares) {
    expect(ours).toBeGreaterThanOrEqual(lru);
    expect(ours).toBeLessThanOrEqual(most);
  }
  expect(shares.at(-1)?.[0]).toBe(most);
  expect(shares[0]?.[0]).toBeLessThan(most);
});
