/** The same sums on @noble/curves, in bigints and plainly; tests hold the kernel against it. */
import { ristretto255, ristretto255_hasher } from "@noble/curves/ed25519.js";
import { blindingDraw, generatorDraws } from "./generators.ts";
import { PARTY_GENERATORS, type RangeGroup, type Sum } from "./group.ts";

const { Point } = ristretto255;
type Point = InstanceType<typeof Point>;

const derived = (draw: Uint8Array): Point => Point.fromBytes(ristretto255_hasher.deriveToCurve!(draw).toBytes());

export function createReferenceGroup(): RangeGroup {
  const chains = new Map<string, readonly Point[]>();
  const blinding_base = derived(blindingDraw());
  const generator = (which: "G" | "H", party: number, i: number): Point => {
    const key = `${which}${party}`;
    const chain = chains.get(key) ?? generatorDraws(which, party).take(PARTY_GENERATORS).map(derived).toArray();
    chains.set(key, chain);
    return chain[i] ?? Point.ZERO;
  };
  const times = (point: Point, scalar: bigint): Point => (scalar === 0n ? Point.ZERO : point.multiplyUnsafe(scalar));

  return {
    sum({ bits, g, h, basepoint, blinding, points }: Sum) {
      let total = times(Point.BASE, basepoint).add(times(blinding_base, blinding));
      for (const [i, scalar] of g.entries()) total = total.add(times(generator("G", Math.floor(i / bits), i % bits), scalar));
      for (const [i, scalar] of h.entries()) total = total.add(times(generator("H", Math.floor(i / bits), i % bits), scalar));
      for (const { point, scalar } of points) {
        const decoded = decode(point);
        if (decoded === null) return null;
        total = total.add(times(decoded, scalar));
      }
      return total.toBytes();
    },
  };
}

function decode(bytes: Uint8Array): Point | null {
  try {
    return Point.fromBytes(bytes);
  } catch (error) {
    // What it throws for is an encoding that is none; there is no other way to ask.
    if (error instanceof Error) return null;
    throw error;
  }
}
