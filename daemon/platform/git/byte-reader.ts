import { MaestroError } from "../../../proto/errors.ts";
import type { PipeReader } from "../process/capture.ts";

const NEWLINE = 0x0a;

/**
 * Lines and exact lengths out of a pipe, never more than one chunk ahead of what was asked for. The `…Now` forms answer only from what has
 * arrived: for small objects, waiting costs more than reading. A position is kept instead of a shrinking view, which costs 1 µs each (measured).
 */
export class ByteReader {
  readonly #pipe: PipeReader;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(pipe: PipeReader) {
    this.#pipe = pipe;
  }

  /** A line without its newline where all of it has arrived, else null. */
  lineNow(): string | null {
    const end = this.#chunk.indexOf(NEWLINE, this.#at);
    if (end === -1) return null;
    const text = this.#chunk.toString("latin1", this.#at, end);
    this.#at = end + 1;
    return text;
  }

  /** Throws `git.failed` at the end of the pipe or past `bytes_max`. */
  async line(bytes_max: number): Promise<string> {
    let text = "";
    for (;;) {
      const end = this.lineNow();
      text += end ?? this.#chunk.toString("latin1", this.#at);
      if (text.length > bytes_max) throw new MaestroError("git.failed", `a line of git passed ${bytes_max} bytes`);
      if (end !== null) return text;
      await this.#refill();
    }
  }

  /** The next `length` bytes where all of them have arrived, else null; valid until the next call. */
  exactlyNow(length: number): Uint8Array | null {
    if (this.#chunk.length - this.#at < length) return null;
    const piece = this.#chunk.subarray(this.#at, this.#at + length);
    this.#at += length;
    return piece;
  }

  /** A copy of the next `length` bytes. */
  async exactly(length: number): Promise<Uint8Array> {
    const out = new Uint8Array(length);
    let at = 0;
    for await (const piece of this.pieces(length)) {
      out.set(piece, at);
      at += piece.length;
    }
    return out;
  }

  /** The next `length` bytes as they come; a piece is valid until the next one is asked for. */
  async *pieces(length: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let left = length; left > 0; ) {
      if (this.#at === this.#chunk.length) await this.#refill();
      const piece = this.#chunk.subarray(this.#at, this.#at + left);
      this.#at += piece.length;
      left -= piece.length;
      if (piece.length > 0) yield piece;
    }
  }

  async #refill(): Promise<void> {
    const { done, value } = await this.#pipe.read();
    if (done) throw new MaestroError("git.failed", "git ended before its answer was complete");
    this.#chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    this.#at = 0;
  }
}
