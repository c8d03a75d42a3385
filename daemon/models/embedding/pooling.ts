/** From a model's hidden states to one vector of unit length. Sums are in float64 and in one order, so that the same states give the same bits. */
import { MaestroError } from "../../../proto/errors.ts";

/** float32 holds 24 bits: a sum of a few hundred squares is off by less than this. */
const UNIT_TOLERANCE = 1e-5;

/** Mean over the word pieces of one text, then unit length. `states` has `tokens` rows of `dimensions`. Throws `models.load` for what is not a number or has no direction. */
export function pooled(states: ArrayLike<number>, tokens: number, dimensions: number): Float32Array {
  const sums = new Float64Array(dimensions);
  for (let token = 0, at = 0; token < tokens; token++) {
    for (let i = 0; i < dimensions; i++) sums[i] = (sums[i] ?? 0) + (states[at++] ?? Number.NaN);
  }
  let square = 0;
  for (const sum of sums) square += sum * sum;
  const length = Math.sqrt(square);
  if (!Number.isFinite(length) || length === 0) throw new MaestroError("models.load", "the embedding model gave a vector that is not a number or has no direction; its file is broken or is not an embedding model");
  return Float32Array.from(sums, (sum) => sum / length);
}

/** Whether it is what the core relies on: numbers, and of unit length. */
export function isUnit(vector: Float32Array): boolean {
  let square = 0;
  for (const value of vector) square += value * value;
  return Math.abs(Math.sqrt(square) - 1) <= UNIT_TOLERANCE;
}
