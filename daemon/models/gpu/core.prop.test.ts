/** Who lies on which GPU, and who waits. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Asking, before, type Cards, decide, type Resident } from "./core.ts";
import { needOf } from "./fit.ts";
import type { ModelShape } from "./shape.ts";

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;
const shapeOf = (layer_bytes: number, layers = 8): ModelShape => ({ architecture: "llama", layers: Array.from({ length: layers }, () => ({ bytes: layer_bytes, kept: 1_024 })), input_bytes: 64 * MiB, output_bytes: 64 * MiB, shared_bytes: 0, context_tokens: 8_192, embedding: 256, heads: 4, vocabulary: 1_000 });
const WISH = { context_tokens: 1_024, context_min: 256, sequences: 1 };
const SHAPE = shapeOf(256 * MiB);
/** All of it on a GPU. */
const WHOLE = needOf(SHAPE, 9, 1_024, 1).vram_bytes;
const asking = (more: Partial<Asking> = {}): Asking => ({ model: "new", shape: SHAPE, wish: WISH, priority: 5, gpu: true, waits: false, ...more });
const resident = (model: string, more: Partial<Resident> = {}): Resident => ({ model, gpu: 0, bytes: WHOLE, priority: 5, busy: false, used_ms: 100, ...more });
const cards = (residents: readonly Resident[], rooms: readonly number[] = [WHOLE * 2], more: Partial<Cards> = {}): Cards => ({ cards: rooms.map((room_bytes, index) => ({ index, room_bytes })), residents, pool_bytes: null, ram_bytes: 64 * GiB, ...more });

describe("two models and one GPU", () => {
  test("both fit: nobody goes; of two GPUs the one with least to spare is taken", () => {
    expect(decide(cards([resident("old")]), asking())).toMatchObject({ kind: "place", gpu: 0, evict: [], fit: { layers: 9, context_tokens: 1_024 } });
    expect(decide(cards([], [WHOLE * 3, WHOLE + 1]), asking())).toMatchObject({ kind: "place", gpu: 1 });
  });

  test("one goes: the lowest priority, then the longest unused, and no more than must", () => {
    const state = cards([resident("b", { used_ms: 5 }), resident("a", { used_ms: 9 }), resident("low", { priority: 1, bytes: 8 * MiB })], [WHOLE * 2 + 8 * MiB]);
    expect(decide(state, asking())).toMatchObject({ kind: "place", evict: ["b"] });
    expect(decide(cards([resident("a", { priority: 3 }), resident("b", { used_ms: 1 })]), asking())).toMatchObject({ evict: ["a"] });
  });

  test("of two that are alike in all the name decides, whoever is named first", () => {
    const alike = [resident("b"), resident("a")];
    for (const residents of [alike, alike.toReversed()]) expect(decide(cards(residents), asking())).toMatchObject({ evict: ["a"] });
  });

  test("who generates is not put out: lower, it is waited for; as high, the newcomer takes what is left", () => {
    const busy = (priority: number) => cards([resident("old", { busy: true, priority })], [WHOLE + 900 * MiB]);
    expect(decide(busy(1), asking())).toMatchObject({ kind: "wait", for: ["old"] });
    expect(decide(busy(5), asking())).toMatchObject({ kind: "place", evict: [], because: "a part of it fits" });
    expect(decide(busy(9), asking())).toMatchObject({ kind: "place", evict: [] });
  });

  test("one that waits for all of it waits for who is as high to be idle, and tells nobody to go; never for who stands higher, or where they all gone would not do", () => {
    const busy = (priority: number, room = WHOLE + 900 * MiB) => cards([resident("old", { busy: true, priority })], [room]);
    expect(decide(busy(5), asking({ waits: true }))).toMatchObject({ kind: "wait", for: [] });
    expect(decide(busy(1), asking({ waits: true }))).toMatchObject({ kind: "wait", for: ["old"] });
    expect(decide(busy(9), asking({ waits: true }))).toMatchObject({ kind: "place", because: "a part of it fits" });
    expect(decide(busy(5, WHOLE - 1), asking({ waits: true }))).toMatchObject({ kind: "here" });
  });

  test("idle, one of higher priority stays all the same", () => {
    expect(decide(cards([resident("old", { priority: 6 })], [WHOLE]), asking())).toMatchObject({ kind: "here", because: "no GPU has room for a layer of it" });
  });

  test("a bound over all GPUs together counts those on the other one", () => {
    const state = (pool_bytes: number) => cards([resident("old", { priority: 9 })], [WHOLE, WHOLE], { pool_bytes });
    expect(decide(state(WHOLE * 2), asking())).toMatchObject({ kind: "place", gpu: 1, fit: { layers: 9 } });
    expect(decide(state(WHOLE), asking())).toMatchObject({ kind: "here" });
  });

  test("off the GPUs by its entry, without one, or larger than all there is: said with both figures", () => {
    expect(decide(cards([]), asking({ gpu: false }))).toMatchObject({ kind: "here", fit: { layers: 0 }, because: expect.stringContaining("its entry") });
    expect(decide(cards([], []), asking())).toMatchObject({ kind: "here", because: "there is no GPU" });
    const refused = decide(cards([], [1 * GiB], { ram_bytes: 100 * MiB }), asking());
    expect(refused).toMatchObject({ kind: "refuse", because: expect.stringMatching(/^new takes \d+ bytes of memory with 256 tokens of context, this node has 104857600 for it; with all of it on a GPU \d+ there and \d+ here, the largest GPU has 1073741824$/) });
  });
});

test("who waits goes by priority, then a share that is short, then what a second is worth, then the order of coming", () => {
  const standing = (nth: number, more: object = {}) => ({ priority: 5, behind: false, usd_per_s: 0, nth, ...more });
  const line = [standing(0), standing(1, { usd_per_s: 0.002 }), standing(2, { usd_per_s: 0.001 }), standing(3, { behind: true }), standing(4, { priority: 9 }), standing(5)];
  expect(line.toSorted(before).map(({ nth }) => nth)).toEqual([4, 3, 1, 2, 0, 5]);
});

const residents = fc.uniqueArray(fc.record({ model: fc.constantFrom("a", "b", "c", "d", "e"), gpu: fc.nat(1), bytes: fc.nat(4 * GiB), priority: fc.nat(9), busy: fc.boolean(), used_ms: fc.nat(3) }), { selector: ({ model }) => model });
const states = fc.record({ cards: fc.tuple(fc.nat(8 * GiB), fc.nat(8 * GiB)).map((rooms) => rooms.map((room_bytes, index) => ({ index, room_bytes }))), residents, pool_bytes: fc.option(fc.nat(8 * GiB), { nil: null }), ram_bytes: fc.nat(8 * GiB) });
const asks = fc.record({ model: fc.constant("new"), shape: fc.nat(700).map((mib) => shapeOf(mib * MiB)), wish: fc.constant(WISH), priority: fc.nat(9), gpu: fc.boolean(), waits: fc.boolean() });

describe("laws", () => {
  test("no card, no pool and no memory is ever passed; who generates, or stands higher, is never put out", () => {
    fc.assert(fc.property(states, asks, (state, ask) => {
      const decision = decide(state, ask);
      if (decision.kind === "wait") for (const model of decision.for) expect(state.residents.find((one) => one.model === model)!.priority).toBeLessThan(ask.priority);
      if (decision.kind === "here") expect(decision.fit.ram_bytes).toBeLessThanOrEqual(state.ram_bytes);
      if (decision.kind !== "place") return;
      const stays = state.residents.filter(({ model }) => !decision.evict.includes(model));
      const bytes = (own: readonly Resident[]): number => own.reduce((total, one) => total + one.bytes, decision.fit.vram_bytes);
      expect(bytes(stays.filter(({ gpu }) => gpu === decision.gpu))).toBeLessThanOrEqual(state.cards[decision.gpu]!.room_bytes);
      if (state.pool_bytes !== null) expect(bytes(stays)).toBeLessThanOrEqual(state.pool_bytes);
      expect(decision.fit.ram_bytes).toBeLessThanOrEqual(state.ram_bytes);
      for (const model of decision.evict) {
        const victim = state.residents.find((one) => one.model === model)!;
        expect(victim.busy).toBe(false);
        expect(victim.priority).toBeLessThanOrEqual(ask.priority);
      }
    }), { numRuns: 1_000 });
  });

  test("noted down and made again, in whatever order things are named, a decision is the same", () => {
    fc.assert(fc.property(states, asks, (state, ask) => {
      const noted = JSON.parse(JSON.stringify({ state, ask })) as { state: Cards; ask: Asking };
      const decision = JSON.stringify(decide(state, ask));
      expect(JSON.stringify(decide(noted.state, noted.ask))).toBe(decision);
      expect(JSON.stringify(decide({ ...state, cards: state.cards.toReversed(), residents: state.residents.toReversed() }, ask))).toBe(decision);
    }), { numRuns: 500 });
  });
});
