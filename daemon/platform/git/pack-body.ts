import { concatBytes } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { PipeReader } from "../process/capture.ts";
import { historyBytesOf, PACK_BODY_HEADER_BYTES_MAX } from "../../../proto/pack-body.ts";

/** `PACK`, version, number of objects: the fixed start of a pack (gitformat-pack). */
const PACK_HEADER_BYTES = 12;
const NEWLINE = 0x0a;

export interface PackBodyLimits {
  readonly pack_bytes_max: number;
  readonly objects_max: number;
  readonly history_bytes_max: number;
}

/** Reads `bytes` as the start of a pack: its claimed number of objects. Throws `intake.refused`, `request.too_large`. */
export function packObjects(bytes: Uint8Array, objects_max: number): number {
  if (bytes.length < PACK_HEADER_BYTES) throw new MaestroError("intake.refused", `the pack ends after ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, PACK_HEADER_BYTES);
  const version = view.getUint32(4);
  if (view.getUint32(0) !== 0x5041434b || (version !== 2 && version !== 3)) throw new MaestroError("intake.refused", "not a git pack");
  const objects = view.getUint32(8);
  if (objects > objects_max) throw new MaestroError("request.too_large", `the pack names ${objects} objects, objects_max is ${objects_max}`);
  return objects;
}

/**
 * Splits an intake's body into its two packs while it streams in. Only the 12 header bytes of a pack are
 * read here; everything else is git's. Use: `history()`, then `objects()`, then `end()`.
 */
export class PackBody {
  /** Bytes of the second pack handed out so far. */
  objects_bytes = 0;
  readonly #source: PipeReader;
  readonly #limits: PackBodyLimits;
  #pending: Uint8Array = new Uint8Array(0);

  constructor(body: ReadableStream<Uint8Array>, limits: PackBodyLimits) {
    this.#source = body.getReader();
    this.#limits = limits;
  }

  /** The first pack, or null where the body has none. */
  async history(): Promise<Uint8Array | null> {
    await this.#fill(4);
    if (Buffer.from(this.#pending.subarray(0, 4)).toString("latin1") === "PACK") return null;
    const bytes = await this.#header();
    if (bytes === 0) return null;
    const { history_bytes_max } = this.#limits;
    if (bytes > history_bytes_max) throw new MaestroError("request.too_large", `history of ${bytes} bytes, history_bytes_max is ${history_bytes_max}`);
    await this.#fill(bytes);
    if (this.#pending.length < bytes) throw new MaestroError("intake.refused", `the history pack ends after ${this.#pending.length} of ${bytes} bytes`);
    const history = this.#pending.slice(0, bytes);
    this.#pending = this.#pending.slice(bytes);
    return history;
  }

  /** The second pack: its claimed count, and its bytes as a stream that fails with `request.too_large` past the limit. */
  async objects(): Promise<{ readonly count: number; readonly stream: ReadableStream<Uint8Array> }> {
    await this.#fill(PACK_HEADER_BYTES);
    const count = packObjects(this.#pending, this.#limits.objects_max);
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
      const chunk = await this.#next();
      if (chunk === null) return controller.close();
      this.objects_bytes += chunk.length;
      const { pack_bytes_max } = this.#limits;
      if (this.objects_bytes > pack_bytes_max) return controller.error(new MaestroError("request.too_large", `pack_bytes_max is ${pack_bytes_max}`));
      controller.enqueue(chunk);
    };
    return { count, stream: new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 }) };
  }

  /** Whether nothing follows. git stops at the end of a pack and would not notice. */
  async atEnd(): Promise<boolean> {
    return (await this.#next()) === null;
  }

  /** Lets the source go; nothing more is read. */
  async cancel(): Promise<void> {
    await this.#source.cancel().catch(() => undefined);
  }

  async #header(): Promise<number> {
    let end = -1;
    for (let want = 16; end === -1 && want <= PACK_BODY_HEADER_BYTES_MAX; want += 16) {
      await this.#fill(want);
      end = this.#pending.subarray(0, PACK_BODY_HEADER_BYTES_MAX).indexOf(NEWLINE);
    }
    const bytes = end === -1 ? null : historyBytesOf(this.#pending.subarray(0, end + 1));
    if (bytes === null) throw new MaestroError("intake.refused", "the body is neither a git pack nor a pack body");
    this.#pending = this.#pending.slice(end + 1);
    return bytes;
  }

  async #next(): Promise<Uint8Array | null> {
    if (this.#pending.length > 0) {
      const chunk = this.#pending;
      this.#pending = new Uint8Array(0);
      return chunk;
    }
    for (;;) {
      const { done, value } = await this.#source.read();
      if (done) return null;
      if (value.length > 0) return value;
    }
  }

  /** Reads until at least `bytes` are pending or the source ends. */
  async #fill(bytes: number): Promise<void> {
    const parts = [this.#pending];
    let have = this.#pending.length;
    while (have < bytes) {
      const { done, value } = await this.#source.read();
      if (done) break;
      parts.push(value);
      have += value.length;
    }
    this.#pending = parts.length === 1 ? this.#pending : concatBytes(...parts);
  }
}
