import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSlots, type PrefixSlotsDeps } from "./index.ts";
import { scopeFor, Sequences } from "./testing/sequences.ts";

const work = mkdtempSync(join(tmpdir(), "maestro-prefix-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const BLOCK = 4;
const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);
const said: string[] = [];
let folders = 0;
const depsOf = (more: Partial<PrefixSlotsDeps> = {}): PrefixSlotsDeps => ({
  folder: join(work, `states${folders++}`), engine: "fake 1", block: BLOCK, window_tokens: null, bytes_max: 1 << 20, floor_bytes: 1 << 10, floor_idle_ms: 1_000_000, now_ms: () => Date.now(),
  now_us: () => 0, spare_bytes: 0, warn: (what) => void said.push(what), ...more,
});
async function opened(more: Partial<PrefixSlotsDeps> = {}, sequences = 2) {
  const deps = depsOf(more);
  const slots = await createSlots(deps);
  return { deps, slots, run: new Sequences(slots, sequences) };
}
const again = async (deps: PrefixSlotsDeps, sequences = 2): Promise<Sequences> => new Sequences(await createSlots(deps), sequences);

test("the longest common prefix serves, in whole blocks, and never the last token", async () => {
  const { run } = await opened({ bytes_max: 1 });
  expect(await run.run(scopeFor("a"), numbers(21))).toMatchObject({ id: 0, cached: 0 });
  expect(await run.run(scopeFor("a"), numbers(21))).toMatchObject({ id: 0, cached: 20 });
  expect(await run.run(scopeFor("a"), numbers(20))).toMatchObject({ id: 0, cached: 16 });
  expect(await run.run(scopeFor("a"), [...numbers(9), 99, 98, 97, 96])).toMatchObject({ id: 0, cached: 8 });
  // What was generated behind a prompt was evaluated one by one: it is evaluated once more, as a prompt's block.
  const longer = numbers(21, 500);
  await run.run(scopeFor("a"), longer, [1, 2, 3, 4, 5, 6, 7, 8]);
  expect(await run.run(scopeFor("a"), [...longer, 1, 2, 3, 4, 5, 6, 7, 8])).toMatchObject({ cached: 20 });
});

test("of several sequences the one that has most, not the first that has enough", async () => {
  const { run } = await opened({ bytes_max: 1 }, 3);
  const [one, two] = [[...numbers(8), ...numbers(16, 100)], [...numbers(16), ...numbers(8, 200)]];
  await run.run(scopeFor("a"), numbers(9, 900));
  await run.run(scopeFor("b"), one);
  await run.run(scopeFor("b"), [7, ...two]);
  expect(await run.run(scopeFor("a"), numbers(9, 900))).toMatchObject({ id: 0, cached: 8 });
  expect(await run.run(scopeFor("b"), [7, ...numbers(16), 1])).toMatchObject({ id: 2, cached: 16 });
});

test("tenant, task, salt, model, engine, adapter and context each make a scope of their own", async () => {
  const { run } = await opened({}, 1);
  const prompt = numbers(41);
  const adapter = { digest: "1".repeat(64), scale: 1 };
  const scopes = [
    scopeFor("a"), scopeFor("b"), scopeFor(null), scopeFor("a", { model_digest: "2".repeat(64) }), scopeFor("a", { engine: "fake 2" }), scopeFor("a", { context: "8192/4" }),
    scopeFor("a", { adapters: [adapter] }), scopeFor("a", { adapters: [{ ...adapter, scale: 0.5 }] }), scopeFor("a", { space: { tenant: "a", task: "summary" } }), scopeFor("a", { space: { tenant: "a", task: "triage", salt: "s" } }),
  ];
  for (const scope of scopes) expect((await run.run(scope, prompt)).cached).toBe(0);
  // The one sequence was another's each time: what each had comes from its own file.
  for (const scope of scopes) expect(await run.run(scope, prompt)).toMatchObject({ cached: 40, restored: true });
});

test("a saved state outlives its worker; one of another engine, of other bytes or without a header does not", async () => {
  const prompt = numbers(41);
  const { deps, run } = await opened();
  await run.run(scopeFor("a"), prompt);
  expect(statSync(deps.folder).mode & 0o777).toBe(0o700);
  expect(await (await again(deps)).run(scopeFor("a"), [...prompt, 1])).toMatchObject({ cached: 40, restored: true });
  const state = (): string => join(deps.folder, readdirSync(deps.folder).find((name) => name.endsWith(".state"))!);
  const spoils: readonly (() => unknown)[] = [
    () => writeFileSync(state(), readFileSync(state(), "utf8").replace("[0,", "[7,")),
    () => truncateSync(state(), 3),
    () => rmSync(state()),
    () => writeFileSync(state().replace(".state", ".json"), "{}"),
    () => writeFileSync(state().replace(".state", ".json"), readFileSync(state().replace(".state", ".json"), "utf8").replace('"engine":"fake 1"', '"engine":"fake 0"')),
    () => rmSync(state().replace(".state", ".json")),
  ];
  for (const spoil of spoils) {
    spoil();
    const next = await again(deps);
    expect(await next.run(scopeFor("a"), prompt)).toMatchObject({ cached: 0, restored: false });
    // It was written anew.
    expect(await (await again(deps)).run(scopeFor("a"), prompt)).toMatchObject({ cached: 40, restored: true });
  }
  await again({ ...deps, engine: "fake 2" });
  expect(readdirSync(deps.folder)).toEqual([]);
});

test("attack: a state of changed bytes is found out while its worker runs, before the engine reads it", async () => {
  const { deps, slots, run } = await opened({}, 1);
  const prompt = numbers(41);
  await run.run(scopeFor("a"), prompt);
  await run.run(scopeFor("b"), prompt);
  for (const name of readdirSync(deps.folder)) if (name.endsWith(".state")) writeFileSync(join(deps.folder, name), readFileSync(join(deps.folder, name), "utf8").replace("[0,", "[5,"));
  expect(await run.run(scopeFor("a"), prompt)).toMatchObject({ cached: 0, restored: false });
  expect(slots.counts().refused).toBe(1);
});

test("a state that the engine refuses, or that holds other tokens, is used for nothing and gone", async () => {
  for (const read of [() => { throw new Error("not a state"); }, (tokens: readonly number[]) => [...tokens.slice(0, -6), 9, 9, 9, 9, 9, 9]]) {
    const { deps, slots, run } = await opened({}, 1);
    const prompt = numbers(41);
    await run.run(scopeFor("a"), prompt);
    await run.run(scopeFor("b"), prompt);
    run.breaks = { read };
    expect((await run.run(scopeFor("a"), prompt)).cached).toBe(0);
    run.breaks = {};
    expect(slots.counts()).toMatchObject({ refused: 1 });
    expect(readdirSync(deps.folder).filter((name) => name.endsWith(".state")).length).toBe(2);
  }
});

test("a disk that takes nothing: one warning, nothing is written any more, prompts are answered", async () => {
  const { deps, run } = await opened({}, 1);
  said.length = 0;
  run.breaks = { write: () => { throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" }); } };
  for (const tenant of ["a", "b", "a", "b"]) expect((await run.run(scopeFor(tenant), numbers(41))).cached).toBe(0);
  expect(said.length).toBe(1);
  expect(readdirSync(deps.folder)).toEqual([]);
  const file = join(work, "file");
  writeFileSync(file, "");
  const none = await opened({ folder: join(file, "states") });
  expect((await none.run.run(scopeFor("a"), numbers(41))).cached).toBe(0);
  expect(said.length).toBe(2);
});

test("attack: prompts fill the disk until the daemon may write nothing; with little free none is saved, and later they are again", async () => {
  const { deps, run } = await opened({ spare_bytes: Number.MAX_SAFE_INTEGER }, 1);
  for (const tenant of ["a", "b", "a"]) expect((await run.run(scopeFor(tenant), numbers(41))).cached).toBe(0);
  expect(readdirSync(deps.folder)).toEqual([]);
  const { run: roomy } = await opened({ spare_bytes: 1 }, 1);
  for (const [tenant, cached] of [["a", 0], ["b", 0], ["a", 40]] as const) expect((await roomy.run(scopeFor(tenant), numbers(41))).cached).toBe(cached);
});

test("bad luck: a header that cannot be read is a leftover, and the others are kept", async () => {
  const { deps, run } = await opened();
  await run.run(scopeFor("a"), numbers(41));
  mkdirSync(join(deps.folder, `${"b".repeat(64)}.json`));
  expect(await (await again(deps)).run(scopeFor("a"), numbers(41))).toMatchObject({ cached: 40, restored: true });
  expect(readdirSync(deps.folder).length).toBe(2);
});

test("bytes stay within their limit over restarts; leftovers of a worker that was killed are removed", async () => {
  const { deps, run } = await opened({ bytes_max: 600, floor_bytes: 0 }, 1);
  const bytes = (): number => readdirSync(deps.folder).filter((name) => name.endsWith(".state")).reduce((sum, name) => sum + statSync(join(deps.folder, name)).size, 0);
  for (let i = 0; i < 12; i++) {
    // Which is the newest is told by the file's time, which some kernels take from a clock of 4 ms.
    if (i === 11) await Bun.sleep(50);
    await run.run(scopeFor(`t${i}`), numbers(41, i * 100));
    expect(bytes()).toBeLessThanOrEqual(600);
  }
  expect(bytes()).toBeGreaterThan(300);
  writeFileSync(join(deps.folder, `${"a".repeat(64)}.new`), "half");
  mkdirSync(join(deps.folder, "stranger"));
  const smaller = await again({ ...deps, bytes_max: 250 });
  expect(bytes()).toBeLessThanOrEqual(250);
  expect(readdirSync(deps.folder).filter((name) => !/\.(state|json)$/.test(name))).toEqual([]);
  // The newest stayed.
  expect((await smaller.run(scopeFor("t11"), numbers(41, 1100))).cached).toBe(40);
});

test("a window: a state holds no more than it, saved while the sequence holds no more; the rest is evaluated again", async () => {
  const { deps, run } = await opened({ window_tokens: 18 }, 1);
  await run.run(scopeFor("a"), numbers(41));
  expect(readdirSync(deps.folder).filter((name) => name.endsWith(".state")).map((name) => JSON.parse(readFileSync(join(deps.folder, name), "utf8")))).toEqual([numbers(16)]);
  // Live it is all there; from the file its first blocks.
  expect(await run.run(scopeFor("a"), numbers(41))).toMatchObject({ cached: 40, restored: false });
  await run.run(scopeFor("b"), numbers(41));
  expect(await run.run(scopeFor("a"), numbers(41))).toMatchObject({ cached: 16, restored: true });
});

test("what is evaluated faster than it is written and read is not saved", async () => {
  const { deps, run } = await opened({}, 1);
  run.us_per_token = 20;
  await run.run(scopeFor("a"), numbers(41));
  await run.run(scopeFor("b"), numbers(41));
  expect(readdirSync(deps.folder)).toEqual([]);
});
