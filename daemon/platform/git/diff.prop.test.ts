/** Hunks are right when applying them to the old file gives the new one, byte for byte. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { concatBytes, utf8 } from "../../../proto/encoding.ts";
import { pathText } from "../../../proto/scalar.ts";
import type { PatchHunk } from "./patch-parser.ts";
import { DIFF_LIMITS, Scratch } from "./testing/scratch.ts";
import { times } from "../../testing/scale.ts";
import { SEED } from "../../testing/seed.ts";

const PAIRS = times(40);
let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create();
});
afterAll(() => scratch.dispose());

/** Lines that a careless parser would take for something else. */
const line = fc.constantFrom("a", "b", "", "-", "+", "--- a/f", "+++ b/f", "@@ -1 +1 @@", "diff --git a/f b/f", "\\ No newline at end of file", "\0", "\xff\xfe", "x\r");
const file = fc.tuple(fc.array(line, { maxLength: 12 }), fc.boolean()).map(([lines, ends]) => Buffer.from(lines.join("\n") + (ends && lines.length > 0 ? "\n" : ""), "latin1"));

/** Lines with their ends, as git counts them. */
function linesOf(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at);
    parts.push(bytes.subarray(at, end === -1 ? bytes.length : end + 1));
    at = end === -1 ? bytes.length : end + 1;
  }
  return parts;
}

function applied(old: Uint8Array, hunks: readonly PatchHunk[]): Uint8Array {
  const from = linesOf(old);
  const out: Uint8Array[] = [];
  let at = 0;
  for (const { old_start, old_lines, lines } of hunks) {
    const start = old_lines === 0 ? old_start : old_start - 1;
    out.push(...from.slice(at, start));
    at = start + old_lines;
    for (const { op, bytes, no_newline } of lines) if (op !== "-") out.push(concatBytes(bytes, no_newline ? new Uint8Array(0) : utf8("\n")));
  }
  return concatBytes(...out, ...from.slice(at));
}

test(`applying the hunks gives the new file (seed ${SEED})`, async () => {
  const pairs = fc.sample(fc.tuple(file, file), { numRuns: PAIRS, seed: SEED });
  const source = scratch.source();
  const name = (at: number): string => `f${String(at).padStart(3, "0")}`;
  const commit = (side: 0 | 1): Promise<string> => source.commit(Object.fromEntries(pairs.map((pair, at) => [name(at), pair[side]])));
  const [from, to] = [await commit(0), await commit(1)];
  const repository = await scratch.stored(source, [from, to]);
  await using reader = scratch.reader(repository);
  let compared = 0;
  for await (const { change, hunks } of reader.diff(source.treeOf(from), source.treeOf(to), DIFF_LIMITS)) {
    const pair = pairs[Number(pathText(change.path).slice(1))];
    expect(Buffer.from(applied(pair?.[0] ?? utf8("?"), hunks)).toString("latin1")).toBe(Buffer.from(pair?.[1] ?? utf8("!")).toString("latin1"));
    compared++;
  }
  expect(compared).toBeGreaterThan(PAIRS / 2);
});
