import { expect, test } from "bun:test";
import fc from "fast-check";
import { FairLine } from "./fair-line.ts";

const KEYS = ["a", "b", "c"] as const;
const arrivals = fc.array(fc.constantFrom(...KEYS), { maxLength: 60 });

/** Who comes out in which order when nobody else joins. */
function order(keys: readonly string[]): { readonly key: string; readonly item: number }[] {
  const line = new FairLine<number>();
  keys.forEach((key, i) => line.push(key, i));
  const out: { readonly key: string; readonly item: number }[] = [];
  for (let next = line.shift(); next !== undefined; next = line.shift()) out.push(next);
  return out;
}

test("everybody comes out once, and within a key in the order they came", () => {
  fc.assert(
    fc.property(arrivals, (keys) => {
      const out = order(keys);
      expect(out.map(({ item }) => item).sort((x, y) => x - y)).toEqual(keys.map((_, i) => i));
      for (const key of KEYS) {
        const own = out.filter((one) => one.key === key).map(({ item }) => item);
        expect(own).toEqual([...own].sort((x, y) => x - y));
      }
    }),
  );
});

test("the n-th of a key is never behind more than n of any other key, however many that one has in line", () => {
  fc.assert(
    fc.property(arrivals, (keys) => {
      const out = order(keys);
      for (const [place, { key }] of out.entries()) {
        const n = out.slice(0, place + 1).filter((one) => one.key === key).length;
        for (const other of KEYS) expect(out.slice(0, place).filter((one) => one.key === other && other !== key).length).toBeLessThanOrEqual(n);
      }
    }),
  );
});

test("who may not go yet keeps the place, and who left is not called", () => {
  const line = new FairLine<number>();
  for (const [key, item] of [["a", 1], ["b", 2], ["a", 3], ["b", 4]] as const) line.push(key, item);
  expect(line.shift((key) => key === "b")).toEqual({ key: "b", item: 2 });
  expect([line.remove("b", 4), line.remove("b", 4), line.size, line.keys()]).toEqual([true, false, 2, ["a"]]);
  expect([line.shift()?.item, line.shift()?.item, line.shift()]).toEqual([1, 3, undefined]);
});

test("in a full line the newcomer takes the last place of whoever has most, and of nobody who has as few", () => {
  const line = new FairLine<number>();
  for (const item of [1, 2, 3]) line.push("flood", item);
  line.push("small", 4);
  expect(line.popLongest("new")).toBe(3);
  expect(line.popLongest("small")).toBeUndefined();
  expect(line.popLongest("flood")).toBeUndefined();
  expect(line.clear().sort()).toEqual([1, 2, 4]);
  expect(line.size).toBe(0);
});
