import { expect, test } from "bun:test";
import fc from "fast-check";
import { times } from "../daemon/testing/scale.ts";
import { parseCanonical, parseStrict } from "./canonical.ts";
import { utf8 } from "./encoding.ts";
import { MaestroError } from "./errors.ts";
import { measureJson } from "./measure-json.ts";

const NONE = { depth_max: Number.POSITIVE_INFINITY };

function counted(value: unknown): { depth: number; values: number } {
  if (typeof value !== "object" || value === null) return { depth: 0, values: 1 };
  const inner = Object.values(value).map(counted);
  const names = Array.isArray(value) ? 0 : inner.length;
  return { depth: 1 + Math.max(0, ...inner.map(({ depth }) => depth)), values: 1 + names + inner.reduce((sum, { values }) => sum + values, 0) };
}

test("what is measured before reading is what is there afterwards, whatever its strings hold; an empty list counts as one with a value", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = JSON.stringify([value, '[{"\\', "]}"]);
      const { depth, values } = measureJson(utf8(text), NONE);
      const there = counted(JSON.parse(text));
      expect(depth).toBe(there.depth);
      const empty = text.replace(/"(?:[^"\\]|\\.)*"/g, '""').match(/\[\]|\{\}/g)?.length ?? 0;
      expect(values).toBe(there.values + empty);
    }),
    { numRuns: times(300) },
  );
});

function detailOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof MaestroError) return `${error.code}: ${error.detail}`;
    throw error;
  }
  return "read";
}

test("attack: megabytes of nothing but empty lists, which cost two hundred bytes of memory each, are refused before one is made", () => {
  const limits = { bytes_max: 1 << 26, depth_max: 24, values_max: 100_000 };
  for (const unit of ["[]", "{}", "0", '{"a":0}']) {
    const bytes = utf8(`[${`${unit},`.repeat(4_000_000).slice(0, -1)}]`);
    const before = process.memoryUsage().rss;
    expect(detailOf(() => parseCanonical(bytes, limits))).toBe("request.too_large: more than 100000 values, names and lists");
    expect(detailOf(() => parseStrict(bytes, limits))).toBe("request.too_large: more than 100000 values, names and lists");
    expect(process.memoryUsage().rss - before).toBeLessThan(200 << 20);
  }
  for (const deep of ["[".repeat(1 << 24), '{"a":'.repeat(1 << 22)]) expect(detailOf(() => parseCanonical(utf8(deep), limits))).toContain("nested deeper than 24");
});
