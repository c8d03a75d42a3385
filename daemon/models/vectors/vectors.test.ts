import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { failureOf, processGoneWithin } from "../../platform/process/testing/gone.ts";
import { flipped } from "../../store/testing/flipped.ts";
import { times } from "../../testing/scale.ts";
import { NEIGHBOURS_MAX } from "./index.ts";
import { spaceId, type VectorSpace } from "./space.ts";
import { fakeUsearch } from "./testing/fake-usearch.ts";
import { item, opened, type OpenedVectors, SPACE, unit } from "./testing/opened.ts";

setDefaultTimeout(120_000);
let folder: string;
const open: OpenedVectors[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maestro-vectors-"));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
  rmSync(folder, { recursive: true, force: true });
});

function start(over: Parameters<typeof opened>[1] = {}): OpenedVectors {
  const one = opened(folder, over);
  open.push(one);
  return one;
}

async function stop(): Promise<void> {
  await open.pop()?.close();
}

const QUERY = unit([1, 0, 0, 0]);
/** Ten rows that turn away from the query one after the other. */
const FAN = Array.from({ length: 10 }, (_, place) => item(`row ${place}`, [1, place / 4, 0, 0]));
const keys = async ({ vectors }: OpenedVectors, k = 3, space = SPACE): Promise<string[]> => (await vectors.search(space, QUERY, k)).map(({ key }) => key);
const files = (): string[] => readdirSync(join(folder, "vectors"));

test("the nearest come first, with the digest of their text and the cosine of what is stored; a removed one is not found, a replaced one at its new place", async () => {
  const one = start();
  one.vectors.put(SPACE, FAN);
  expect(await one.vectors.search(SPACE, QUERY, 2)).toEqual([
    { key: "row 0", text_sha256: FAN[0]!.text_sha256, score: 1 },
    { key: "row 1", text_sha256: FAN[1]!.text_sha256, score: expect.closeTo(4 / Math.sqrt(17), 3) },
  ]);
  one.vectors.remove(SPACE, ["row 0", "nobody"]);
  one.vectors.put(SPACE, [item("row 9", [1, 0.1, 0, 0])]);
  expect(await keys(one)).toEqual(["row 9", "row 1", "row 2"]);
  expect([one.vectors.count(SPACE), one.vectors.has(SPACE, "row 0"), one.vectors.has(SPACE, "row 9")]).toEqual([9, false, true]);
});

test("attack: one who asks with another's very vector gets nothing of another tenant, repository, purpose or model", async () => {
  const one = start();
  const others: VectorSpace[] = [{ ...SPACE, owner: "blue" }, { ...SPACE, repository: "bank" }, { ...SPACE, of: "texts" }, { ...SPACE, model_digest: "b".repeat(64) }];
  one.vectors.put(SPACE, [item("secret of red", [1, 0, 0, 0])]);
  for (const space of others) expect(await keys(one, 10, space)).toEqual([]);
  others.forEach((space, place) => one.vectors.put(space, [item(`own ${place}`, [0, 1, 0, 0])]));
  for (const [place, space] of others.entries()) expect(await keys(one, 10, space)).toEqual([`own ${place}`]);
  expect(await keys(one, 10)).toEqual(["secret of red"]);
});

test("a filter passes over the nearest and finds those behind them", async () => {
  const one = start();
  one.vectors.put(SPACE, Array.from({ length: 200 }, (_, place) => item(`row ${place}`, [1, place / 100, 0, 0])));
  const far = await one.vectors.search(SPACE, QUERY, 2, { accept: (key) => Number(key.slice(4)) >= 150 });
  expect(far.map(({ key }) => key)).toEqual(["row 150", "row 151"]);
  expect(await one.vectors.search(SPACE, QUERY, 2, { accept: () => false })).toEqual([]);
});

test("what is no vector of the space is refused, and nothing of its batch is kept", async () => {
  const { vectors } = start({ limits: { vectors_max: 12 } });
  const refusals: [VectorSpace, ReturnType<typeof item>[], string][] = [
    [SPACE, [FAN[0]!, { ...FAN[1]!, vector: unit([1, 0, 0]) }], "3 dimensions"],
    [SPACE, [FAN[0]!, { ...FAN[1]!, vector: Float32Array.of(2, 0, 0, 0) }], "unit length"],
    [SPACE, [FAN[0]!, { ...FAN[1]!, vector: Float32Array.of(Number.NaN, 0, 0, 1) }], "unit length"],
    [SPACE, [FAN[0]!, { ...FAN[1]!, key: "" }], "key"],
    [{ ...SPACE, dimensions: 4_096 }, [], "4096 dimensions"],
    [SPACE, Array.from({ length: 13 }, (_, place) => item(`row ${place}`, [1, place, 0, 0])), "vectors_max is 12"],
  ];
  for (const [space, items, why] of refusals) expect(() => vectors.put(space, items)).toThrow(why);
  expect(vectors.count(SPACE)).toBe(0);
  for (const k of [0, 1.5, NEIGHBOURS_MAX + 1]) expect((await failureOf(vectors.search(SPACE, QUERY, k))).code).toBe("models.request");
});

test("without usearch a space of more rows than a matrix may have says what to install", async () => {
  const one = start({ exact_max: 8 });
  one.vectors.put(SPACE, FAN.slice(0, 8));
  expect(await keys(one, 1)).toEqual(["row 0"]);
  one.vectors.put(SPACE, FAN.slice(8));
  const { code, detail } = await failureOf(one.vectors.search(SPACE, QUERY, 1));
  expect([code, detail]).toEqual(["models.missing", expect.stringContaining("maestro models setup")]);
});

test("a process that dies is started anew and brought everything; the question is answered all the same", async () => {
  const one = start();
  one.vectors.put(SPACE, FAN);
  expect(await keys(one)).toEqual(["row 0", "row 1", "row 2"]);
  const { pid } = one.vectors.status;
  process.kill(pid!, "SIGKILL");
  one.vectors.remove(SPACE, ["row 0"]);
  expect(await keys(one)).toEqual(["row 1", "row 2", "row 3"]);
  expect(one.vectors.status.pid).not.toBe(pid);
});

for (const [way, exact_max] of [["a matrix", 4_096], ["a graph", 4]] as const) {
  test(`attack: the process that holds ${way} is stopped and dies of nothing: the question is answered by another one, with what was put meanwhile`, async () => {
    const one = start({ engine_folder: fakeUsearch(folder), exact_max, limits: { silence_ms: 1_500 } });
    one.vectors.put(SPACE, FAN);
    expect(await keys(one)).toEqual(["row 0", "row 1", "row 2"]);
    const { pid } = one.vectors.status;
    process.kill(pid!, "SIGSTOP");
    one.vectors.put(SPACE, [item("late", [1, 0.01, 0, 0])]);
    expect(await keys(one)).toEqual(["row 0", "late", "row 1"]);
    expect([one.vectors.status.pid === pid, one.vectors.status.deaths, await processGoneWithin(pid!, 10_000)]).toEqual([false, 1, true]);
  });
}

test("a graph: its file is read by the next daemon, which adds what came since and passes over what went", async () => {
  const engine_folder = fakeUsearch(folder);
  let one = start({ engine_folder, exact_max: 4 });
  one.vectors.put(SPACE, FAN);
  expect(await keys(one)).toEqual(["row 0", "row 1", "row 2"]);
  await stop();
  const [name] = files();
  one = start({ engine_folder, exact_max: 4 });
  one.vectors.remove(SPACE, ["row 1"]);
  one.vectors.put(SPACE, [item("late", [1, 0.01, 0, 0])]);
  expect(await keys(one)).toEqual(["row 0", "late", "row 2"]);
  expect(files()).toEqual([name!]);
  await stop();
  expect(one.warned).toEqual([]);
});

const spoiled: [string, (path: string, bytes: Buffer) => void][] = [
  ["is gone", (path) => rmSync(path)],
  ["was torn", (path, bytes) => writeFileSync(path, bytes.subarray(0, bytes.length >> 1))],
  // What the fake reads without a complaint: only the digest tells.
  ["holds other rows under the same numbers", (path, bytes) => writeFileSync(path, JSON.stringify((JSON.parse(bytes.toString()) as [number, number[]][]).map(([id, row]) => [9 - id, row])))],
  ["is empty", (path) => writeFileSync(path, "")],
];
for (const [what, spoil] of spoiled) {
  test(`an index file that ${what} is not answered from, and made again`, async () => {
    const engine_folder = fakeUsearch(folder);
    start({ engine_folder, exact_max: 4 }).vectors.put(SPACE, FAN);
    await keys(open[0]!);
    await stop();
    const path = join(folder, "vectors", files()[0]!);
    const whole = readFileSync(path);
    spoil(path, whole);
    const one = start({ engine_folder, exact_max: 4 });
    // Only the nearest is asked for: rows under wrong numbers would hide it.
    expect((await one.vectors.search(SPACE, QUERY, 1)).map(({ key }) => key)).toEqual(["row 0"]);
    expect(await keys(one, 10)).toEqual(FAN.map(({ key }) => key));
  });
}

test("an index that lies misses neighbours at the worst: numbers nobody has are passed over, and scores are those of the rows", async () => {
  const one = start({ engine_folder: fakeUsearch(folder, "lies"), exact_max: 4 });
  one.vectors.put(SPACE, FAN);
  const hits = await one.vectors.search(SPACE, QUERY, 3);
  expect(hits.map(({ key }) => key)).toEqual(["row 1", "row 2", "row 3"]);
  for (const { key, score } of hits) expect(score).toBeCloseTo(1 / Math.hypot(1, Number(key.slice(4)) / 4), 3);
});

test("a file that kills the process is forgotten, and the question is answered without it", async () => {
  start({ engine_folder: fakeUsearch(folder), exact_max: 4 }).vectors.put(SPACE, FAN);
  await keys(open[0]!);
  await stop();
  const one = start({ engine_folder: fakeUsearch(folder, "dies"), exact_max: 4 });
  expect(await keys(one)).toEqual(["row 0", "row 1", "row 2"]);
  expect(one.vectors.status.deaths).toBe(1);
});

test("a model that is removed takes every space of it along, rows and files, and no other model's", async () => {
  const one = start({ engine_folder: fakeUsearch(folder), exact_max: 4, save_rows: 4 });
  const spaces = [SPACE, { ...SPACE, owner: "another" }, { ...SPACE, model_digest: "e".repeat(64) }];
  for (const space of spaces) one.vectors.put(space, FAN);
  for (const space of spaces) await keys(one, 3, space);
  // What a process left that was killed while it wrote.
  writeFileSync(join(folder, "vectors", `${spaceId(SPACE)}.passing`), "rows");
  await one.vectors.forget(SPACE.model_digest);
  expect(spaces.map((space) => one.vectors.count(space))).toEqual([0, 0, 10]);
  expect(await keys(one)).toEqual([]);
  expect((await keys(one, 3, spaces[2])).length).toBe(3);
  await stop();
  expect(files().length).toBe(1);
});

test("what expires goes from rows and from the disk: no index file holds it afterwards", async () => {
  let now_s = 1_000;
  const one = start({ engine_folder: fakeUsearch(folder), exact_max: 4, now_s: () => now_s });
  one.vectors.put(SPACE, FAN.slice(0, 5));
  now_s = 2_000;
  one.vectors.put(SPACE, FAN.slice(5));
  await keys(one);
  await one.vectors.expire(1_500);
  expect([files(), one.vectors.count(SPACE)]).toEqual([[], 5]);
  expect(await keys(one)).toEqual(["row 5", "row 6", "row 7"]);
  await stop();
  const saved = files().map((name) => readFileSync(join(folder, "vectors", name), "utf8"));
  expect(saved.map((text) => (JSON.parse(text) as [number][]).map(([id]) => id))).toEqual([[5, 6, 7, 8, 9]]);
  const again = start();
  await again.vectors.expire(9_999);
  expect([files(), again.vectors.count(SPACE), [...again.store.scanner.tables()].length > 0]).toEqual([[], 0, true]);
});

describe("bad luck: the disk gives back what nobody wrote", () => {
  const OTHER: VectorSpace = { ...SPACE, model_digest: "e".repeat(64) };
  const TABLES = ["vectors.rows", "vectors.keys", "vectors.spaces"];
  const left = ({ store }: OpenedVectors): number[] => TABLES.map((table) => store.scanner.count(table));
  const damaged = ({ store }: OpenedVectors): number[] => TABLES.map((table) => store.scanner.slice(table, undefined, 99).damaged.length);
  async function flippedIn(written: string): Promise<OpenedVectors> {
    const over = { engine_folder: fakeUsearch(folder), exact_max: 4, save_rows: 4, now_s: () => 2_000 };
    const before = start({ ...over, now_s: () => 1_000 });
    for (const space of [SPACE, OTHER]) before.vectors.put(space, FAN.slice(0, 5));
    await keys(before);
    await stop();
    expect(flipped(folder, written)).toBeGreaterThan(0);
    const one = start(over);
    one.vectors.put(OTHER, FAN.slice(5));
    return one;
  }

  test("the row of a space: the space goes with the next model, which is said, and no sound one of another", async () => {
    const one = await flippedIn(`model_digest\xd9\x40${SPACE.model_digest}`);
    expect(damaged(one)).toEqual([0, 0, 1]);
    await one.vectors.forget("d".repeat(64));
    expect([left(one), one.warned.length, one.warned.join().includes(spaceId(SPACE)), files()]).toEqual([[10, 10, 1], 1, true, []]);
    expect(await keys(one, 3, OTHER)).toEqual(["row 0", "row 1", "row 2"]);
  });

  test("the row of a space: its vectors go by their age all the same", async () => {
    const one = await flippedIn(`model_digest\xd9\x40${SPACE.model_digest}`);
    await one.vectors.expire(1_500);
    expect([left(one), one.vectors.count(OTHER), files()]).toEqual([[5, 5, 1], 5, []]);
    expect(await keys(one, 3, OTHER)).toEqual(["row 5", "row 6", "row 7"]);
  });

  test("a vector: it goes with its model, and with those past their time, which is said; younger ones stay", async () => {
    const one = await flippedIn("\xa3key\xa5row 3");
    expect(damaged(one)).toEqual([2, 0, 0]);
    await one.vectors.forget(SPACE.model_digest);
    expect([left(one), damaged(one)]).toEqual([[10, 10, 1], [1, 0, 0]]);
    await one.vectors.expire(500);
    expect([left(one)[0], damaged(one), one.vectors.count(OTHER), one.warned.length]).toEqual([9, [0, 0, 0], 9, 1]);
    await one.vectors.expire(1_500);
    expect([await keys(one, 3, OTHER), one.vectors.count(OTHER)]).toEqual([["row 5", "row 6", "row 7"], 5]);
    await one.vectors.expire(9_999);
    expect([left(one), one.warned.length]).toEqual([[0, 0, 0], 1]);
  });
});

test("any order of putting, replacing, removing, restarting and asking answers as a plain list would, by matrix and by graph", async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ put: fc.nat(14), angle: fc.nat(40) }) },
    { weight: 3, arbitrary: fc.record({ remove: fc.nat(14) }) },
    { weight: 2, arbitrary: fc.constant("ask" as const) },
    { weight: 1, arbitrary: fc.constant("restart" as const) },
  );
  const engine_folder = fakeUsearch(folder);
  let run = 0;
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
    const space = { ...SPACE, repository: `run ${run++}`.replace(" ", "-") };
    const left = new Map<string, number>();
    let one = open.length > 0 ? open[0]! : start({ engine_folder, exact_max: 6 });
    const agree = async (): Promise<void> => {
      const wanted = [...left].sort(([, a], [, b]) => a - b).map(([key]) => key);
      const found = (await one.vectors.search(space, QUERY, 20)).map(({ key }) => key);
      // Of equal angles any may come first.
      expect(found.map((key) => left.get(key))).toEqual(wanted.map((key) => left.get(key)));
    };
    for (const next of steps) {
      if (next === "ask") await agree();
      else if (next === "restart") {
        await stop();
        one = start({ engine_folder, exact_max: 6 });
      } else if ("put" in next) {
        one.vectors.put(space, [item(`k${next.put}`, [Math.cos(next.angle / 20), Math.sin(next.angle / 20), 0, 0])]);
        left.set(`k${next.put}`, next.angle);
      } else {
        one.vectors.remove(space, [`k${next.remove}`]);
        left.delete(`k${next.remove}`);
      }
    }
    await agree();
  }), { numRuns: times(12) });
}, times(60_000));
