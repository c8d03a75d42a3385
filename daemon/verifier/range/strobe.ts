/**
 * STROBE-128 over Keccak-f[1600], the three operations that Merlin uses (strobe.sourceforge.io/specs v1.0.2, sections 5 and 6).
 * No transport and no keys: a transcript only absorbs and squeezes.
 */
import { keccakP } from "@noble/hashes/sha3.js";
import { utf8 } from "../../../proto/encoding.ts";

/** Bytes between two permutations: 200 - 128 / 4 - 2. */
const RATE_BYTES = 166;
const STATE_BYTES = 200;

const FLAG_I = 1;
const FLAG_A = 2;
const FLAG_C = 4;
const FLAG_M = 16;
const FLAG_K = 32;

export class Strobe {
  private readonly words = new Uint32Array(STATE_BYTES / 4);
  private readonly bytes = new Uint8Array(this.words.buffer);
  private position = 0;
  private begun = 0;

  private constructor() {}

  static begin(protocol: string): Strobe {
    const strobe = new Strobe();
    strobe.bytes.set([1, RATE_BYTES + 2, 1, 0, 1, 96]);
    strobe.bytes.set(utf8("STROBEv1.0.2"), 6);
    keccakP(strobe.words);
    strobe.metaAd(utf8(protocol), false);
    return strobe;
  }

  /** A second transcript with the same past; what one absorbs from here on, the other does not know. */
  fork(): Strobe {
    const strobe = new Strobe();
    strobe.words.set(this.words);
    strobe.position = this.position;
    strobe.begun = this.begun;
    return strobe;
  }

  /** Framing: what the next bytes are. `more` goes on with the operation before. */
  metaAd(data: Uint8Array, more: boolean): void {
    this.operate(FLAG_M | FLAG_A, more);
    this.absorb(data);
  }

  ad(data: Uint8Array): void {
    this.operate(FLAG_A, false);
    this.absorb(data);
  }

  prf(length: number): Uint8Array {
    this.operate(FLAG_I | FLAG_A | FLAG_C, false);
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      out[i] = this.bytes[this.position] ?? 0;
      this.bytes[this.position] = 0;
      this.step();
    }
    return out;
  }

  private operate(flags: number, more: boolean): void {
    if (more) return;
    const before = this.begun;
    this.begun = this.position + 1;
    this.absorb(Uint8Array.of(before, flags));
    if ((flags & (FLAG_C | FLAG_K)) !== 0 && this.position !== 0) this.permute();
  }

  private absorb(data: Uint8Array): void {
    for (const byte of data) {
      this.mix(this.position, byte);
      this.step();
    }
  }

  private mix(at: number, byte: number): void {
    this.bytes[at] = (this.bytes[at] ?? 0) ^ byte;
  }

  private step(): void {
    this.position += 1;
    if (this.position === RATE_BYTES) this.permute();
  }

  private permute(): void {
    this.mix(this.position, this.begun);
    this.mix(this.position + 1, 0x04);
    this.mix(RATE_BYTES + 1, 0x80);
    keccakP(this.words);
    this.position = 0;
    this.begun = 0;
  }
}
