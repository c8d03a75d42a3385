/** Draws that anybody can make again: seed and counter stand in the episode. */
import { createHmac } from "node:crypto";
import { toHex } from "../../../proto/encoding.ts";
import type { Random } from "../../platform/random.ts";

const SEED_BYTES = 16;
const COUNTER_BYTES = 8;
/** A double holds this many bits exactly. */
const DRAWN_BITS = 53;

/** A number in [0, 1): the first 53 bits of HMAC-SHA-256 of the counter, as eight bytes of which the greatest comes first, under the seed. */
export function drawOf(seed: string, counter: number): number {
  const message = Buffer.alloc(COUNTER_BYTES);
  message.writeBigUInt64BE(BigInt(counter));
  const bits = createHmac("sha256", Buffer.from(seed, "hex")).update(message).digest().readBigUInt64BE(0);
  return Number(bits >> BigInt(64 - DRAWN_BITS)) / 2 ** DRAWN_BITS;
}

export interface Draw {
  readonly seed: string;
  readonly counter: number;
}

/**
 * Each draw has a seed of its own: whoever may read one episode could tell every later draw from a seed that is used again,
 * and ask for hard work only when it falls to the arm that he would have fail. Counted since the start of the daemon, for each
 * space by itself: nobody's counter tells how much others ask.
 */
export class Draws {
  private readonly counters = new Map<string, number>();

  constructor(private readonly random: Random) {}

  next(space: string): Draw {
    const counter = this.counters.get(space) ?? 0;
    this.counters.set(space, counter + 1);
    return { seed: toHex(this.random.bytes(SEED_BYTES)), counter };
  }
}
