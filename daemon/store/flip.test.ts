import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "./db.ts";
import { limits, RECORDS, Sample, sampleText, type Tally } from "./flip-reader.ts";
import { openRecord, sealRecord } from "./record.ts";

const FLIPS = 200;
let dir: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "maestro-flip-"));
  const store = openStore({ state_dir: join(dir, "origin"), limits, fatal: () => undefined });
  const table = store.table<number, typeof Sample>("samples", Sample);
  for (let n = 0; n < RECORDS; n++) store.atomic(() => table.put(n, { n, text: sampleText(n) }));
  await store.close();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Children until every seed has a line or has taken its child down. */
function flipAll(): { tallies: Tally[]; deaths: number } {
  const tallies: Tally[] = [];
  let deaths = 0;
  for (let next = 0; next < FLIPS; ) {
    const args = [join(import.meta.dir, "flip-reader.ts"), join(dir, "origin"), join(dir, "scratch"), String(next), String(FLIPS)];
    const child = Bun.spawnSync([process.execPath, ...args], { stdout: "pipe", stderr: "pipe", timeout: 30_000, killSignal: "SIGKILL" });
    const lines = child.stdout.toString().split("\n").filter((line) => line.endsWith("}"));
    tallies.push(...lines.map((line): Tally => JSON.parse(line)));
    next += lines.length;
    if (next === FLIPS) break;
    deaths += 1;
    next += 1;
  }
  return { tallies, deaths };
}

test(`one flipped bit, ${FLIPS} times: every record is right, missing or refused, none is wrong`, () => {
  const { tallies, deaths } = flipAll();
  const sum = (field: keyof Tally) => tallies.reduce((total, tally) => total + tally[field], 0);
  process.stderr.write(`bit flips: ${tallies.length} read, ${deaths} took the reader down; records right ${sum("right")}, missing ${sum("missing")}, refused ${sum("corrupt")}\n`);
  expect(sum("wrong")).toBe(0);
  expect(tallies.length + deaths).toBe(FLIPS);
  // The harness reaches the data: flips must have been noticed, and most records must have survived them.
  expect(sum("corrupt")).toBeGreaterThan(0);
  expect(sum("right")).toBeGreaterThan((FLIPS * RECORDS) / 2);
}, 120_000);

test("the file flipped is the one that holds the records", () => {
  expect(readFileSync(join(dir, "origin", "db", "data.mdb")).includes(sampleText(7))).toBe(true);
});

test("a record read under another key or table, cut or flipped is refused", () => {
  const sealed = sealRecord("a", ["k", 1], { n: 1 });
  expect(openRecord("a", ["k", 1], sealed)).toEqual({ value: { n: 1 } });
  expect(openRecord("a", ["k", 2], sealed)).toBeNull();
  expect(openRecord("b", ["k", 1], sealed)).toBeNull();
  expect(openRecord("a", "k", sealed)).toBeNull();
  for (let length = 0; length < sealed.length; length++) expect(openRecord("a", ["k", 1], sealed.slice(0, length))).toBeNull();
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const flipped = sealed.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    expect(openRecord("a", ["k", 1], flipped)).toBeNull();
  }
});

test("a database cut to nothing is refused, not taken for an empty store", () => {
  const cut = join(dir, "cut");
  cpSync(join(dir, "origin"), cut, { recursive: true });
  truncateSync(join(cut, "db", "data.mdb"), 0);
  expect(() => openStore({ state_dir: cut, limits, fatal: () => undefined })).toThrow(expect.objectContaining({ code: "store.corrupt" }));
});
