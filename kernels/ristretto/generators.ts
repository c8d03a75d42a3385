/** Generators of dalek's `bulletproofs`: each out of a hash, so that nobody knows how two of them hang together. */
import { sha3_512, shake256 } from "@noble/hashes/sha3.js";

/** B as RFC 9496 writes it (section 4, "canonical generator"). */
const BASEPOINT = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76";
const DRAW_BYTES = 64;

export const basepointBytes = (): Uint8Array => Uint8Array.fromHex(BASEPOINT);

/** What B~ is derived from: a hash of B. */
export const blindingDraw = (): Uint8Array => sha3_512(basepointBytes());

/** What the generators of one party are derived from, one draw after the other. */
export function* generatorDraws(which: "G" | "H", party: number): Generator<Uint8Array, never> {
  const name = new TextEncoder().encode(`GeneratorsChain${which}`);
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, party, true);
  const stream = shake256.create({}).update(name).update(number);
  for (;;) yield stream.xof(DRAW_BYTES);
}
