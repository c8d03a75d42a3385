import { MaestroError } from "../../../proto/errors.ts";

/**
 * One frame is a u32 length (big-endian) and that many bytes of UTF-8 JSON.
 * The reader trusts nothing: size, encoding, nesting and the number of values are limited before `JSON.parse` sees a byte,
 * because 10 MB of brackets cost it 1.3 s and 400 MB.
 */
export interface FrameLimits {
  readonly frame_bytes_max: number;
  readonly depth_max: number;
  /** Values in one frame, counted by commas and opening brackets; a value costs its reader 16 to 64 bytes. */
  readonly values_max: number;
}

/** Nesting and value count where the caller names none: far above any reply of `proto/worker.ts`. */
export const FRAME_DEPTH_MAX = 64;
export const FRAME_VALUES_MAX = 2_000_000;

const HEADER_BYTES = 4;

/** Encodes one frame. Throws MaestroError `worker.protocol` when the value is not JSON or larger than `frame_bytes_max`. */
export function encodeFrame(value: unknown, frame_bytes_max: number): Uint8Array {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw protocol("the value to send is not JSON");
  const bytes = Buffer.byteLength(text);
  if (bytes > frame_bytes_max) throw protocol(`a frame of ${bytes} bytes to send, the limit is ${frame_bytes_max}`);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + bytes);
  frame.writeUInt32BE(bytes, 0);
  frame.write(text, HEADER_BYTES, "utf8");
  return frame;
}

/** Cuts a byte stream, in whatever pieces it arrives, into frame bodies. */
export class FrameDecoder {
  readonly #limits: FrameLimits;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #header_bytes = 0;
  /** Pieces of the current body. Nothing is set aside for a length that was only announced. */
  #body: Uint8Array[] = [];
  #body_bytes = 0;
  #body_length = 0;

  constructor(limits: FrameLimits) {
    this.#limits = limits;
  }

  /** Gives each frame that `chunk` completes. Throws MaestroError `worker.protocol`; the decoder is of no use afterwards. */
  *push(chunk: Uint8Array): Generator<unknown, void, undefined> {
    let at = 0;
    while (at < chunk.length) {
      at += this.#header_bytes < HEADER_BYTES ? this.#takeHeader(chunk, at) : this.#takeBody(chunk, at);
      if (this.#header_bytes < HEADER_BYTES || this.#body_bytes < this.#body_length) continue;
      const body = this.#body.length === 1 && this.#body[0] !== undefined ? this.#body[0] : Buffer.concat(this.#body);
      this.#header_bytes = 0;
      this.#body = [];
      this.#body_bytes = 0;
      yield parseBody(body, this.#limits);
    }
  }

  /** Whether the stream may end here, that is, not inside a frame. */
  get between_frames(): boolean {
    return this.#header_bytes === 0;
  }

  #takeHeader(chunk: Uint8Array, at: number): number {
    const take = Math.min(HEADER_BYTES - this.#header_bytes, chunk.length - at);
    this.#header.set(chunk.subarray(at, at + take), this.#header_bytes);
    this.#header_bytes += take;
    if (this.#header_bytes < HEADER_BYTES) return take;
    this.#body_length = this.#header.readUInt32BE(0);
    if (this.#body_length === 0) throw protocol("an empty frame");
    if (this.#body_length > this.#limits.frame_bytes_max) {
      throw protocol(`a frame of ${this.#body_length} bytes, the limit is ${this.#limits.frame_bytes_max}`);
    }
    return take;
  }

  #takeBody(chunk: Uint8Array, at: number): number {
    const take = Math.min(this.#body_length - this.#body_bytes, chunk.length - at);
    this.#body.push(chunk.subarray(at, at + take));
    this.#body_bytes += take;
    return take;
  }
}

function parseBody(body: Uint8Array, limits: FrameLimits): unknown {
  checkShape(body, limits);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body));
  } catch (cause) {
    // Only TextDecoder (TypeError) and JSON.parse (SyntaxError) run here, and either means that the frame is not JSON.
    throw protocol("a frame that is not UTF-8 JSON", cause);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);

/** One pass over the bytes, 2 to 3 ms a megabyte; right for well-formed JSON, and for anything else `JSON.parse` throws soon after. */
function checkShape(body: Uint8Array, limits: FrameLimits): void {
  let depth = 0;
  let values = 1;
  let in_string = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at] ?? 0;
    if (in_string) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) in_string = false;
    } else if (byte === QUOTE) in_string = true;
    else if (byte === COMMA) values++;
    else if (OPEN.has(byte)) {
      values++;
      depth++;
    } else if (CLOSE.has(byte)) depth--;
    if (depth > limits.depth_max) throw protocol(`a frame nested deeper than ${limits.depth_max}`);
    if (values > limits.values_max) throw protocol(`a frame of more than ${limits.values_max} values`);
  }
}

function protocol(detail: string, cause?: unknown): MaestroError {
  return new MaestroError("worker.protocol", detail, cause === undefined ? {} : { cause });
}
