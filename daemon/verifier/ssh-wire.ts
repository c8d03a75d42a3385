/** SSH wire form (RFC 4251 section 5): strings are four bytes of length, then the bytes. */

/** Reads fields in order; a field that is not there is `null`, and so is every one after it. */
export class SshReader {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get done(): boolean {
    return this.at === this.bytes.length;
  }

  take(count: number): Uint8Array | null {
    if (count > this.bytes.length - this.at) {
      this.at = this.bytes.length + 1;
      return null;
    }
    const taken = this.bytes.slice(this.at, this.at + count);
    this.at += count;
    return taken;
  }

  uint32(): number | null {
    const taken = this.take(4);
    return taken === null ? null : new DataView(taken.buffer).getUint32(0);
  }

  string(): Uint8Array | null {
    const length = this.uint32();
    return length === null ? null : this.take(length);
  }

  /** A string of ASCII. */
  text(): string | null {
    const bytes = this.string();
    return bytes === null ? null : String.fromCharCode(...bytes.subarray(0, 256));
  }
}
