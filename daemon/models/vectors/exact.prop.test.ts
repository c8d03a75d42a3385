import { expect, test } from "bun:test";
import fc from "fast-check";
import { dot, exactNearest } from "./exact.ts";
import { fromHalf, toHalf } from "./half.ts";
import { Matrix } from "./loaded.ts";

const DIMENSIONS = 3;
const vector = fc.array(fc.integer({ min: -8, max: 8 }), { minLength: DIMENSIONS, maxLength: DIMENSIONS }).map((values) => Float32Array.from(values, (value) => value / 8));

test("the nearest are the first of all rows in the order of score, then of age", () => {
  fc.assert(fc.property(fc.array(vector, { maxLength: 60 }), vector, fc.integer({ min: 1, max: 12 }), (rows, query, k) => {
    const ids = rows.map((_, place) => 100 + place);
    const all = rows.map((row, place) => ({ id: 100 + place, score: dot(query, row) })).sort((a, b) => b.score - a.score || a.id - b.id);
    const flat = Float32Array.from(rows.flatMap((row) => [...row]));
    expect(exactNearest(ids, flat, query, k)).toEqual(all.slice(0, k));
  }));
});

test("a matrix in which rows come and go finds what a fresh one over the rest does", () => {
  const step = fc.oneof(fc.record({ add: vector }), fc.record({ remove: fc.nat(80) }));
  fc.assert(fc.property(fc.array(step, { maxLength: 150 }), vector, (steps, query) => {
    const matrix = new Matrix(DIMENSIONS);
    const left = new Map<number, Float32Array>();
    steps.forEach((one, id) => {
      if ("add" in one) {
        matrix.add([id], one.add);
        left.set(id, one.add);
      } else {
        matrix.remove([one.remove]);
        left.delete(one.remove);
      }
    });
    const flat = Float32Array.from([...left.values()].flatMap((row) => [...row]));
    expect(matrix.search(query, 7)).toEqual(exactNearest([...left.keys()], flat, query, 7).map(({ id }) => id));
  }));
});

test("half precision: what was read is what is written again, and no part of a unit vector moves by more than 2^-11", () => {
  fc.assert(fc.property(fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 }), (values) => {
    const bytes = toHalf(Float32Array.from(values));
    const read = fromHalf(bytes);
    expect(toHalf(read)).toEqual(bytes);
    values.forEach((value, at) => expect(Math.abs((read[at] ?? Number.NaN) - value)).toBeLessThanOrEqual(2 ** -11));
  }));
});
