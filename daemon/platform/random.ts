import { randomBytes } from "node:crypto";

/** Randomness as the daemon uses it; handed in, so that a test can repeat it. */
export interface Random {
  /** `n` fresh bytes. Requires a whole `n` from 0 to `RANDOM_BYTES_MAX`; throws RangeError otherwise. */
  bytes(n: number): Uint8Array;
}

/** Salts, ids and keys are 16 to 64 bytes; a larger request is a bug. */
export const RANDOM_BYTES_MAX = 4_096;

/** The kernel's generator; fit for keys. */
export const systemRandom: Random = {
  bytes(n) {
    checkSize(n);
    return Uint8Array.from(randomBytes(n));
  },
};

/** The precondition of `Random.bytes`, the same for every implementation. */
export function checkSize(n: number): void {
  if (!Number.isInteger(n) || n < 0 || n > RANDOM_BYTES_MAX) throw new RangeError(`random bytes: ${n} is not from 0 to ${RANDOM_BYTES_MAX}`);
}
