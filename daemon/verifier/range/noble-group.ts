/** The group on @noble/curves, in bigints. */
import { ristretto255, ristretto255_hasher } from "@noble/curves/ed25519.js";
import { pippenger } from "@noble/curves/abstract/curve.js";
import { sha3_512, shake256 } from "@noble/hashes/sha3.js";
import { concatBytes, utf8 } from "../../../proto/encoding.ts";
import { toBytesLe } from "./scalars.ts";
import type { RangeGroup, Sum } from "./group.ts";

const { Point } = ristretto255;
type Point = InstanceType<typeof Point>;

const DRAW_BYTES = 64;
const PARTY_GENERATORS = 64;

const toPoint = (uniform: Uint8Array): Point => Point.fromBytes(ristretto255_hasher.deriveToCurve!(uniform).toBytes());

/** `B~`: nobody knows its logarithm to B, since it comes out of a hash. */
const blindingBase = (): Point => toPoint(sha3_512(Point.BASE.toBytes()));

/** The generators of one party: 64-byte draws of SHAKE256 over a name and a number. */
function chain(which: "G" | "H", party: number): Point[] {
  const stream = shake256.create({}).update(concatBytes(utf8("GeneratorsChain"), utf8(which), toBytesLe(BigInt(party), 4)));
  return Array.from({ length: PARTY_GENERATORS }, () => toPoint(stream.xof(DRAW_BYTES)));
}

export function createNobleGroup(): RangeGroup {
  const chains = new Map<string, Point[]>();
  let blinding_base: Point | undefined;

  const generators = (which: "G" | "H", bits: number, count: number): Point[] => {
    const out: Point[] = [];
    for (let party = 0; party * bits < count; party++) {
      const key = `${which}${party}`;
      const known = chains.get(key) ?? chain(which, party);
      chains.set(key, known);
      out.push(...known.slice(0, bits));
    }
    return out.slice(0, count);
  };

  return {
    sum({ bits, g, h, basepoint, blinding, points }: Sum) {
      const all: [Point, bigint][] = [[Point.BASE, basepoint], [(blinding_base ??= blindingBase()), blinding]];
      for (const [i, point] of generators("G", bits, g.length).entries()) all.push([point, g[i] ?? 0n]);
      for (const [i, point] of generators("H", bits, h.length).entries()) all.push([point, h[i] ?? 0n]);
      try {
        for (const { point, scalar } of points) all.push([Point.fromBytes(point), scalar]);
      } catch {
        return null;
      }
      const wanted = all.filter(([, scalar]) => scalar !== 0n);
      if (wanted.length === 0) return Point.ZERO.toBytes();
      return pippenger(Point, wanted.map(([point]) => point), wanted.map(([, scalar]) => scalar)).toBytes();
    },
  };
}
