import { createHash } from "node:crypto";
import { checkSize, type Random } from "../platform/random.ts";

/** The same bytes for the same seed on every machine: SHA-256 of seed and block number, one block after the other. Not for keys that matter. */
export class SeededRandom implements Random {
  readonly #seed: string;
  #blocks = 0;
  #left: Uint8Array = new Uint8Array(0);

  constructor(seed: string | number) {
    this.#seed = String(seed);
  }

  bytes(n: number): Uint8Array {
    checkSize(n);
    const out = new Uint8Array(n);
    for (let at = 0; at < n; ) {
      if (this.#left.length === 0) this.#left = createHash("sha256").update(`${this.#seed}\0${this.#blocks++}`).digest();
      const take = this.#left.subarray(0, n - at);
      out.set(take, at);
      at += take.length;
      this.#left = this.#left.subarray(take.length);
    }
    return out;
  }
}
