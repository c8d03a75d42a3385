/** The group in WebAssembly: a table of every generator is made on first use and stays. */
import { kernelBytes, loadKernel } from "../loader.ts";
import { basepointBytes, blindingDraw, generatorDraws } from "./generators.ts";
import { PARTIES_MAX, PARTY_GENERATORS, POINTS_MAX, type RangeGroup, type Sum } from "./group.ts";
import reference from "./ristretto.wasm" with { type: "file" };

const SHAPE = { SLOTS: "constant", INPUT: "constant", OUTPUT: "constant", OK: "constant", CHOSEN: "constant", SCALARS: "constant", decode: "function", derive: "function", sum: "function" } as const;

const POINT_BYTES = 32;
const SCALAR_BYTES = 32;
const BASEPOINT_SLOT = 0;
const BLINDING_SLOT = 1;
const GENERATOR_SLOTS = 2;
const POINT_SLOTS = GENERATOR_SLOTS + 2 * PARTIES_MAX * PARTY_GENERATORS;

/** One on its own instance of the kernel. Not re-entrant, and nothing here awaits. */
export function createWasmGroup(bytes: Uint8Array<ArrayBuffer> = kernelBytes(reference)): RangeGroup {
  const kernel = loadKernel(bytes, SHAPE);
  const { memory, INPUT, OUTPUT, OK, CHOSEN, SCALARS } = kernel;
  if (kernel.SLOTS < POINT_SLOTS + POINTS_MAX) throw new Error("the kernel has too few slots");
  const chosen = new Int32Array(memory.buffer, CHOSEN, kernel.SLOTS);
  const scalars = new BigUint64Array(memory.buffer, SCALARS, kernel.SLOTS * 4);

  const decode = (point: Uint8Array, slot: number): boolean => {
    memory.set(point, INPUT);
    kernel.decode(slot);
    return memory[OK] === 1;
  };
  const derive = (draw: Uint8Array, slot: number): void => {
    memory.set(draw, INPUT);
    kernel.derive(slot);
  };
  decode(basepointBytes(), BASEPOINT_SLOT);
  derive(blindingDraw(), BLINDING_SLOT);

  /** How many generators of each party have their table, by kind. */
  const made = { G: new Uint8Array(PARTIES_MAX), H: new Uint8Array(PARTIES_MAX) };
  const draws = new Map<string, Generator<Uint8Array, never>>();
  const slotOf = (which: "G" | "H", party: number, i: number): number => {
    const slot = (at: number): number => GENERATOR_SLOTS + 2 * (party * PARTY_GENERATORS + at) + (which === "G" ? 0 : 1);
    for (let next = made[which][party] ?? 0; next <= i; next++) {
      const key = `${which}${party}`;
      const stream = draws.get(key) ?? generatorDraws(which, party);
      draws.set(key, stream);
      derive(stream.next().value, slot(next));
      made[which][party] = next + 1;
    }
    return slot(i);
  };

  let count = 0;
  const take = (slot: number, scalar: bigint): void => {
    if (scalar === 0n) return;
    chosen[count] = slot;
    for (let word = 0; word < SCALAR_BYTES / 8; word++) scalars[4 * count + word] = (scalar >> BigInt(64 * word)) & 0xffff_ffff_ffff_ffffn;
    count += 1;
  };

  return {
    sum({ bits, g, h, basepoint, blinding, points }: Sum) {
      if (points.length > POINTS_MAX || bits > PARTY_GENERATORS || Math.max(g.length, h.length) > bits * PARTIES_MAX) throw new RangeError("a sum of more points than the kernel holds");
      for (const [i, { point }] of points.entries()) if (point.length !== POINT_BYTES || !decode(point, POINT_SLOTS + i)) return null;
      count = 0;
      take(BASEPOINT_SLOT, basepoint);
      take(BLINDING_SLOT, blinding);
      for (const [which, list] of [["G", g], ["H", h]] as const) {
        for (const [i, scalar] of list.entries()) if (scalar !== 0n) take(slotOf(which, Math.floor(i / bits), i % bits), scalar);
      }
      for (const [i, { scalar }] of points.entries()) take(POINT_SLOTS + i, scalar);
      kernel.sum(count);
      return memory.slice(OUTPUT, OUTPUT + POINT_BYTES);
    },
  };
}
