/** One bit that flips where LMDB says which tree is the newest: found, or without any effect, for each of those bits. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "lmdb";
import { Half, limits } from "./crash-writer.ts";
import { openStore } from "./db.ts";
import { whyOlder } from "./mark.ts";
import { flipBack, flippedBit } from "./mend.ts";
import { META_REGION_BYTES, metasIn, type Metas, newestOf, PLACES, type Place, regionAt, withData } from "./metas.ts";
import { LMDB_OPTIONS } from "./options.ts";
import { salvage } from "./salvage.ts";

const PAGE = 4096;
const TRANSACTION_AT = 24 + 128;
const ROOT_AT = 24 + 112;
let dir: string;
/** Folder, database and mark after each commit. */
const states: { readonly data: Buffer; readonly mark: Buffer }[] = [];
let metas: Metas;

const openAt = (state_dir: string) => openStore({ state_dir, limits, fatal: (reason) => { throw reason; } });

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "maestro-mark-"));
  const state_dir = join(dir, "origin");
  const store = openAt(state_dir);
  const table = store.table<number, typeof Half>("left", Half);
  for (let n = 0; n < 9; n++) {
    store.atomic(() => table.put(0, { n, pad: "x".repeat(n * 100) }));
    states.push({ data: readFileSync(join(state_dir, "db/data.mdb")), mark: readFileSync(join(state_dir, "db/mark")) });
  }
  await store.close();
  const found = withData(join(state_dir, "db"), metasIn);
  if (found === null || found === undefined) throw new Error("no metas");
  metas = found;
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let serial = 0;
/** A state folder with the database after commit `data` and the mark after commit `mark`. */
function folderOf(data = states.length - 1, mark: number | null = data): string {
  const db = join(dir, `state${serial++}`, "db");
  mkdirSync(db, { recursive: true, mode: 0o700 });
  writeFileSync(join(db, "data.mdb"), states[data]!.data);
  if (mark !== null) writeFileSync(join(db, "mark"), states[mark]!.mark);
  copyFileSync(join(dir, "origin/db/schema"), join(db, "schema"));
  return db;
}

/** Asks with each of these bits flipped in turn; bits that nothing was said of. */
function unnoticed(db: string, file: string, bits: Iterable<number>, each: (bit: number) => void = () => undefined): number[] {
  const bytes = readFileSync(join(db, file));
  const fd = openSync(join(db, file), "r+");
  const quiet: number[] = [];
  try {
    for (const bit of bits) {
      const at = bit >> 3;
      writeSync(fd, Buffer.of(bytes[at]! ^ (1 << (bit & 7))), 0, 1, at);
      if (whyOlder(db) === null) quiet.push(bit);
      each(bit);
      writeSync(fd, bytes, at, 1, at);
    }
  } finally {
    closeSync(fd);
  }
  expect(whyOlder(db)).toBeNull();
  return quiet;
}

const bitsFrom = (byte: number, bytes: number): number[] => Array.from({ length: bytes * 8 }, (_, bit) => byte * 8 + bit);
const pageOf = (place: Place): number => regionAt(place, PAGE);

describe("the newest transaction", () => {
  test("canary: of one flipped bit LMDB itself makes an older tree, and says nothing", async () => {
    const db = folderOf();
    const newest = newestOf(metas);
    const bytes = Buffer.from(states.at(-1)!.data);
    const at = pageOf(newest === metas.odd ? "odd" : "even") + TRANSACTION_AT;
    bytes.writeBigUInt64LE(newest.transaction ^ (1n << BigInt(newest.transaction.toString(2).length - 1)), at);
    writeFileSync(join(db, "data.mdb"), bytes);
    const root = open<Buffer, string>({ path: db, ...LMDB_OPTIONS });
    const row = root.openDB<Buffer, number>({ name: "left", encoding: "binary" }).get(0) ?? Buffer.alloc(0);
    expect([row.includes("x".repeat(800)), row.includes("x".repeat(700))]).toEqual([false, true]);
    await root.close();
  });

  test(`each of the ${PLACES.length * META_REGION_BYTES * 8} bits that LMDB may go by is noticed`, () => {
    const db = folderOf();
    const bits = PLACES.flatMap((place) => bitsFrom(pageOf(place), META_REGION_BYTES));
    expect(unnoticed(db, "data.mdb", bits)).toEqual([]);
    expect(bits).toHaveLength(PLACES.length * META_REGION_BYTES * 8);
  }, 120_000);

  test("the store does not open on one, and a repair puts that very bit back", async () => {
    const db = folderOf();
    const original = readFileSync(join(db, "data.mdb"));
    const sample = PLACES.flatMap((place) => bitsFrom(pageOf(place), META_REGION_BYTES).filter((bit) => bit % 41 === 0));
    let mended = 0;
    unnoticed(db, "data.mdb", sample, (bit) => {
      if (bit % 3 === 0) expect(() => openAt(join(db, ".."))).toThrow(expect.objectContaining({ code: "store.corrupt" }));
      const flipped = flippedBit(db);
      expect(flipped).toMatchObject({ byte: bit >> 3, bit: bit & 7 });
      if (flipped !== null) flipBack(db, flipped);
      mended += 1;
    });
    expect([mended, readFileSync(join(db, "data.mdb")).equals(original)]).toEqual([sample.length, true]);
    const store = openAt(join(db, ".."));
    expect(store.table<number, typeof Half>("left", Half).get(0)?.n).toBe(8);
    await store.close();
  }, 120_000);

  // A process that was killed between commit and mark, a power cut that took the mark's last writes, a copy that never had one.
  for (const behind of [1, 2, null]) {
    test(`with ${behind === null ? "no mark" : `a mark that is ${behind} behind`}, no bit of a transaction's number or of its root makes an older tree`, () => {
      const last = states.length - 1;
      const db = folderOf(last, behind === null ? null : last - behind);
      const bits = (["even", "odd"] as const).flatMap((place) => bitsFrom(pageOf(place) + TRANSACTION_AT, 8));
      const newest = pageOf(newestOf(metas) === metas.odd ? "odd" : "even");
      expect(unnoticed(db, "data.mdb", [...bits, ...bitsFrom(newest + ROOT_AT, 8)])).toEqual([]);
      // A third meta that is older than both is never gone by.
      const flushed = unnoticed(db, "data.mdb", bitsFrom(pageOf("flushed") + TRANSACTION_AT, 8));
      const at = (pageOf("flushed") + TRANSACTION_AT) * 8;
      expect(flushed.every((bit) => (metas.flushed.transaction ^ (1n << BigInt(bit - at))) <= newestOf(metas).transaction)).toBe(true);
    });
  }
});

describe("the mark", () => {
  test("every database is opened with a mark of its own or an older commit, and none with a newer one's", () => {
    const tried = states.flatMap((_, data) => states.map((_, mark) => [data, mark, whyOlder(folderOf(data, mark)) === null] as const));
    expect(tried.filter(([data, mark, opens]) => opens !== mark <= data)).toEqual([]);
    expect(states.map((_, data) => whyOlder(folderOf(data, null)))).toEqual(states.map(() => null));
  });

  test("a flipped bit in it changes nothing; where neither half can be read the store does not open", async () => {
    const db = folderOf();
    const bits = Array.from({ length: 1024 }, (_, byte) => byte * 8 + (byte % 8));
    expect(unnoticed(db, "mark", bits)).toHaveLength(bits.length);
    const bytes = readFileSync(join(db, "mark"));
    for (const at of [3, 515]) bytes[at]! ^= 4;
    writeFileSync(join(db, "mark"), bytes);
    expect(() => openAt(join(db, ".."))).toThrow(expect.objectContaining({ code: "store.corrupt" }));
    expect(flippedBit(db)).toBeNull();
  }, 120_000);

  test("a start brings a mark that is behind up to date, and each commit marks itself", async () => {
    const db = folderOf(8, 5);
    const store = openAt(join(db, ".."));
    expect(readFileSync(join(db, "mark")).toString().split(" ")[0]).toBe(newestOf(metas).transaction.toString());
    const table = store.table<number, typeof Half>("left", Half);
    store.atomic(() => {
      table.put(1, { n: 1, pad: "" });
      store.atomic(() => table.put(2, { n: 2, pad: "" }));
    });
    const marked = readFileSync(join(db, "mark"));
    expect(() => store.atomic(() => { table.put(3, { n: 3, pad: "" }); throw new Error("undo"); })).toThrow("undo");
    store.atomic(() => undefined);
    expect(readFileSync(join(db, "mark")).equals(marked)).toBe(true);
    expect(marked.toString()).toContain(`${newestOf(metas).transaction + 1n} `);
    await store.close();
    expect(whyOlder(db)).toBeNull();
  });

  test("a compacted copy, and what is written to it, opens without one and with its own", async () => {
    const db = folderOf();
    const store = openAt(join(db, ".."));
    const copy = join(dir, `copy${serial++}`, "db");
    mkdirSync(copy, { recursive: true, mode: 0o700 });
    await store.copyTo(copy);
    copyFileSync(join(db, "schema"), join(copy, "schema"));
    await store.close();
    for (let round = 0; round < 3; round++) {
      expect(whyOlder(copy)).toBeNull();
      const again = openAt(join(copy, ".."));
      const table = again.table<number, typeof Half>("left", Half);
      // A new table is a commit that LMDB syncs afterwards.
      again.table<number, typeof Half>(`new${round}`, Half);
      rmSync(join(copy, "mark"));
      expect(whyOlder(copy)).toBeNull();
      if (round > 0) again.atomic(() => table.put(9, { n: round, pad: "" }));
      expect(table.get(0)?.n).toBe(8);
      await again.close();
    }
  });
});

test("attack: a database that ends anywhere within the page at the root of its tables is not whole: LMDB would read zeros for the rest, and find no table", async () => {
  const newest = newestOf(metas);
  const end = (Number(newest.root) + 1) * PAGE;
  const seen: unknown[] = [];
  for (const left_out of [1, 100, 2_000, PAGE - 24, PAGE - 1, PAGE]) {
    const db = folderOf();
    truncateSync(join(db, "data.mdb"), end - left_out);
    seen.push(whyOlder(db));
  }
  expect(seen).toEqual(seen.map(() => `the root of its transaction ${newest.transaction} is page ${newest.root}, which is none`));
  expect(seen.length).toBe(6);
});

test("attack: names of tables that are zeros are counted as lost", async () => {
  const db = folderOf();
  // What is left are the page's header and where each name stands, and nothing where they stand.
  const { data } = states.at(-1)!;
  const hurt = Buffer.from(data);
  const root = Number(newestOf(metas).root) * PAGE;
  hurt.fill(0, root + PAGE / 2, root + PAGE);
  writeFileSync(join(db, "data.mdb"), hurt);
  const told: unknown[] = [];
  await salvage(db, join(dir, "salvaged"), [], (line) => told.push(line));
  expect(told).toContainEqual({ table: "without a name", kept: 0, refused: expect.any(Number), stopped: null });
});
