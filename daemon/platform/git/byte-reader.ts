import { MaestroError } from "../../../proto/errors.ts";
import type { PipeReader } from "../process/capture.ts";

const NEWLINE = 0x0a;

/** Lines and exact lengths out of a pipe, never more than one chunk ahead of what was asked for. */
export class ByteReader {
  readonly #pipe: PipeReader;
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(pipe: PipeReader) {
    this.#pipe = pipe;
  }

  /** Without its newline. Throws `git.failed` at the end of the pipe or past `bytes_max`. */
  async line(bytes_max: number): Promise<string> {
    let text = "";
    for (;;) {
      const end = this.#chunk.indexOf(NEWLINE);
      const piece = end === -1 ? this.#chunk : this.#chunk.subarray(0, end);
      text += Buffer.from(piece).toString("latin1");
      if (text.length > bytes_max) throw new MaestroError("git.failed", `a line of git passed ${bytes_max} bytes`);
      if (end !== -1) {
        this.#chunk = this.#chunk.subarray(end + 1);
        return text;
      }
      await this.#refill();
    }
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
    let left = length;
    while (left > 0) {
      if (this.#chunk.length === 0) await this.#refill();
      const piece = this.#chunk.subarray(0, left);
      this.#chunk = this.#chunk.subarray(piece.length);
      left -= piece.length;
      if (piece.length > 0) yield piece;
    }
  }

  async #refill(): Promise<void> {
    const { done, value } = await this.#pipe.read();
    if (done) throw new MaestroError("git.failed", "git ended before its answer was complete");
    this.#chunk = value;
  }
}
