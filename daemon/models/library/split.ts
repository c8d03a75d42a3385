/** One stream as several files that follow each other without a gap. */
import { concatBytes } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";

export interface SplitStream {
  /** The bytes before the next line feed, which is gone then. Throws `models.refused` where none comes within so many. */
  line(bytes_max: number): Promise<Uint8Array>;
  /** The next bytes, no more than so many; fewer where the stream ends. Read to its end before the next is taken. */
  take(bytes: number): AsyncGenerator<Uint8Array, void>;
  /** Throws `models.refused` where more follows. */
  end(): Promise<void>;
}

const LINE_FEED = 0x0a;

/** Throws `models.refused` where nothing comes for `idle_ms`: a sender that hangs holds no half model open. */
export function splitStream(stream: AsyncIterable<Uint8Array>, idle_ms: number): SplitStream {
  const source = stream[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array();

  async function next(): Promise<Uint8Array | null> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new MaestroError("models.refused", `no byte of the import came for ${idle_ms} ms`)), idle_ms);
    });
    try {
      const step = await Promise.race([source.next(), late]);
      return step.done === true ? null : step.value;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async line(bytes_max) {
      let found: Uint8Array = new Uint8Array();
      for (;;) {
        const chunk = rest.length > 0 ? rest : await next();
        const at = chunk?.indexOf(LINE_FEED) ?? -1;
        found = concatBytes(found, chunk?.subarray(0, at < 0 ? bytes_max + 1 : at) ?? new Uint8Array());
        if (chunk === null || found.length > bytes_max) throw new MaestroError("models.refused", `the import does not begin with one line of at most ${bytes_max} bytes that says what follows`);
        rest = at < 0 ? new Uint8Array() : chunk.subarray(at + 1);
        if (at >= 0) return found;
      }
    },
    async *take(bytes) {
      for (let left = bytes; left > 0; ) {
        const chunk = rest.length > 0 ? rest : await next();
        if (chunk === null) return;
        const part = chunk.subarray(0, left);
        rest = chunk.subarray(part.length);
        left -= part.length;
        if (part.length > 0) yield part;
      }
    },
    async end() {
      for (let chunk: Uint8Array | null = rest; chunk !== null; chunk = await next()) if (chunk.length > 0) throw new MaestroError("models.refused", "more bytes follow than the import announced");
    },
  };
}
