/** Whatever an episode holds comes back from its file as it was. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { Value } from "@sinclair/typebox/value";
import { Episode } from "../../../proto/episode.ts";
import { RESOURCES } from "../../../proto/resource.ts";
import { FORCED, PII_CLASSES } from "../../../proto/routing.ts";
import { PartitionFile } from "./partition-file.ts";
import { DECLARED, episodeAt, HOUR_MS, ROUTER } from "./testing/episodes.ts";
import { episodeOf, rowsOf } from "./testing/read.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "maestro-columns-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const count = fc.oneof(fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER), fc.maxSafeNat());
const real = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value));
const text = fc.string({ unit: "binary", maxLength: 40 }).filter((value) => value.isWellFormed());
const some = <T>(names: readonly string[], each: fc.Arbitrary<T>) => fc.record(Object.fromEntries(names.map((name) => [name, each])), { requiredKeys: [] });
const share = fc.double({ min: Number.MIN_VALUE, max: 1, noNaN: true });
const when = fc.integer({ min: 0, max: 3_599_999 }).map((ms) => HOUR_MS + ms);

const outcome = fc.record({ reward: fc.option(real), definition: text, version: count, constraints: some(["failed", "late"], real), usage: some(RESOURCES, count), delay_ms: count, censored: fc.boolean() });
const context = fc.record({ tokens: fc.oneof(real, text), urgent: fc.boolean(), language: fc.constantFrom("ts", "go"), title: text }, { requiredKeys: [] });
const made = fc.record({ at_ms: when, context, redacted: some(PII_CLASSES, count), eligible: fc.array(fc.record({ arm: fc.constantFrom("local", "mid"), propensity: share }), { minLength: 1, maxLength: 5 }), propensity: share, forced: fc.option(fc.constantFrom(...FORCED)), counter: count, epoch: count, prices: some(RESOURCES, real.map((value) => Math.min(1e9, Math.abs(value)))), reserved: some(RESOURCES, count), reason: text, outcome: fc.option(outcome) });

test("an episode comes back from Parquet as it was: absent, null, zero and every whole number apart", async () => {
  let file = 0;
  const property = fc.asyncProperty(fc.array(made, { minLength: 1, maxLength: 60 }), async (all) => {
    const episodes = all.map((each, n) => ({ ...episodeAt(n), ...each }) as Episode);
    const path = join(folder, `${file++}.parquet`);
    const writing = new PartitionFile(path, { router: ROUTER, hour: "2026-11-22T23" }, DECLARED);
    writing.add(episodes.map((episode) => JSON.stringify({ episode, learnable: false })).join("\n"));
    writing.end();
    const rows = await rowsOf(path);
    expect(rows.map((cells) => episodeOf(ROUTER, cells))).toEqual(episodes);
    // The typed columns say the same as the text, and nothing where the type is another than is declared.
    for (const [n, cells] of rows.entries()) {
      const { tokens, title } = episodes[n]!.context;
      expect([cells["context_tokens"], cells["context_title"]]).toEqual([typeof tokens === "number" ? tokens : null, title ?? null]);
    }
  });
  await fc.assert(property, { numRuns: 20 });
});

test("what the schema lets in has a column: a field that is added and forgotten here is seen", () => {
  const back = Object.keys(episodeOf(ROUTER, { ...emptyCells(), decided_at: new Date(HOUR_MS) }) as object).sort();
  expect(back).toEqual(Object.keys(Episode.properties).sort());
  expect(Value.Check(Episode, episodeAt(7))).toBe(true);
});

const emptyCells = () => ({ context: "{}", counter: 0n, epoch: 0n, outcome: false, ...Object.fromEntries([...PII_CLASSES.map((of) => `redacted_${of}`), ...RESOURCES.flatMap((of) => [`price_${of}`, `reserved_${of}`])].map((name) => [name, null])) });

test("attack: a number that is none is refused, and never written", () => {
  const path = join(folder, "nan.parquet");
  const writing = new PartitionFile(path, { router: ROUTER, hour: "2026-11-22T23" }, DECLARED);
  // As JSON would have it, if somebody's parser let it through.
  writing.add(JSON.stringify({ episode: { ...episodeAt(1), propensity: 1 } }).replace('"propensity":1,', '"propensity":1e999,'));
  expect(() => writing.end()).toThrow("propensity: Infinity is no number");
});
