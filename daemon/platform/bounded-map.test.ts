import { expect, test } from "bun:test";
import { BoundedMap } from "./bounded-map.ts";

test("the oldest go when there are too many, and a value put again is the newest", () => {
  const map = new BoundedMap<number>({ entries_max: 2, characters_max: 1_000 });
  for (const [key, value] of [["a", 1], ["b", 2], ["a", 3], ["c", 4]] as const) map.put(key, value);
  expect(["a", "b", "c"].map((key) => map.get(key))).toEqual([3, undefined, 4]);
});

test("the oldest go when they are too large together; one that alone is too large is not kept and takes nobody's place", () => {
  // Each counts its key of one character, its letters, and two quotation marks.
  const map = new BoundedMap<string>({ entries_max: 10, characters_max: 20 });
  map.put("a", "x".repeat(7));
  map.put("b", "x".repeat(7));
  map.put("c", "x".repeat(18));
  expect([map.get("a")?.length, map.get("b")?.length, map.get("c")]).toEqual([7, 7, undefined]);
  map.put("d", "x");
  expect([map.get("a"), map.get("b")?.length, map.get("d")]).toEqual([undefined, 7, "x"]);
});
