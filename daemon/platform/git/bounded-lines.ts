export interface BoundedLine {
  /** Without its end, at most `bytes_max` of it; a copy, so it outlives the chunk. */
  readonly bytes: Uint8Array;
  /** How long the line really was. */
  readonly size: number;
}

/** Cuts a stream of chunks into lines, keeping at most `bytes_max` of each, so that a line without end costs no memory. */
export class BoundedLines {
  readonly #bytes_max: number;
  readonly #end: number;
  #kept: Uint8Array[] = [];
  #kept_bytes = 0;
  #size = 0;

  constructor(bytes_max: number, end: number) {
    this.#bytes_max = bytes_max;
    this.#end = end;
  }

  *push(chunk: Uint8Array): Generator<BoundedLine, void, undefined> {
    let at = 0;
    for (;;) {
      const end = chunk.indexOf(this.#end, at);
      if (end === -1) return this.#keep(chunk.subarray(at));
      // Most lines lie within one chunk and are copied once.
      if (this.#size === 0) yield { bytes: chunk.slice(at, Math.min(end, at + this.#bytes_max)), size: end - at };
      else {
        this.#keep(chunk.subarray(at, end));
        yield this.#take();
      }
      at = end + 1;
    }
  }

  /** The last line where the stream did not end with an end of line; else null. */
  rest(): BoundedLine | null {
    return this.#size === 0 ? null : this.#take();
  }

  #keep(piece: Uint8Array): void {
    this.#size += piece.length;
    const room = this.#bytes_max - this.#kept_bytes;
    if (room <= 0 || piece.length === 0) return;
    const kept = piece.slice(0, room);
    this.#kept.push(kept);
    this.#kept_bytes += kept.length;
  }

  #take(): BoundedLine {
    const [first = new Uint8Array(0), ...more] = this.#kept;
    const line = { bytes: more.length === 0 ? first : Buffer.concat(this.#kept), size: this.#size };
    this.#kept = [];
    this.#kept_bytes = 0;
    this.#size = 0;
    return line;
  }
}
