import type { RangeBits } from "./range.ts";

/**
 * A measured number that is to leave this process in no form: whoever writes it into a document, a log line or a message gets an error or the
 * word `hidden`, whatever way they take.
 */
export class HiddenNumber {
  readonly #value: bigint;

  /** `value` in units of the obligation's scale. */
  constructor(
    value: bigint,
    readonly bits: RangeBits,
  ) {
    this.#value = value;
  }

  /** For the commitment, its proof and its opening alone. */
  reveal(): bigint {
    return this.#value;
  }

  toJSON(): never {
    throw new TypeError("a hidden number was about to be written down");
  }

  toString(): string {
    return "hidden";
  }
}
