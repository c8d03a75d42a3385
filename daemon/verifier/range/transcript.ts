/** Merlin transcripts (merlin.cool, version 1.0) with the framing of dalek's `bulletproofs` 5: both sides of a proof speak through one. */
import { utf8 } from "../../../proto/encoding.ts";
import { fromBytesLe, mod, toBytesLe } from "./scalars.ts";
import { Strobe } from "./strobe.ts";

const CHALLENGE_BYTES = 64;
const LENGTH_BYTES = 4;
const COUNT_BYTES = 8;

/** As Merlin writes a u64. */
export const countBytes = (count: number): Uint8Array => toBytesLe(BigInt(count), COUNT_BYTES);

export class Transcript {
  private constructor(private readonly strobe: Strobe) {}

  static begin(label: string): Transcript {
    const transcript = new Transcript(Strobe.begin("Merlin v1.0"));
    transcript.append("dom-sep", utf8(label));
    return transcript;
  }

  fork(): Transcript {
    return new Transcript(this.strobe.fork());
  }

  append(label: string, message: Uint8Array): void {
    this.strobe.metaAd(utf8(label), false);
    this.strobe.metaAd(toBytesLe(BigInt(message.length), LENGTH_BYTES), true);
    this.strobe.ad(message);
  }

  appendCount(label: string, count: number): void {
    this.append(label, countBytes(count));
  }

  appendScalar(label: string, scalar: bigint): void {
    this.append(label, toBytesLe(scalar));
  }

  challengeBytes(label: string, length: number): Uint8Array {
    this.strobe.metaAd(utf8(label), false);
    this.strobe.metaAd(toBytesLe(BigInt(length), LENGTH_BYTES), true);
    return this.strobe.prf(length);
  }

  /** 512 bits reduced, so that no scalar is likelier than another. */
  challenge(label: string): bigint {
    return mod(fromBytesLe(this.challengeBytes(label, CHALLENGE_BYTES)));
  }
}
