/** Vectors that are the same in each run: noise around given ones, or everywhere on the sphere. */

/** Of a seed: numbers in [0, 1), 32 bits each (mulberry32). */
function numbers(seed: number): () => number {
  let state = Math.imul(Math.floor(seed * 4_096) + 1, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Box and Muller's: two uniform numbers to one of the normal distribution. */
const normal = (next: () => number): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());

function toUnit(values: Float32Array): Float32Array {
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}

/** Any direction is as likely as any other. */
export function randomUnit(seed: number, dimensions: number): Float32Array {
  const next = numbers(seed);
  return toUnit(Float32Array.from({ length: dimensions }, () => normal(next)));
}

/** One of `around`, moved by noise of that length. */
export function randomNear(seed: number, around: readonly Float32Array[], noise: number): Float32Array {
  const next = numbers(seed);
  const one = around[Math.floor(next() * around.length)] ?? new Float32Array();
  return toUnit(one.map((value) => value + (noise / Math.sqrt(one.length)) * normal(next)));
}
