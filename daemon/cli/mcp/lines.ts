/** One message a line, bounded: whoever writes one without an end costs no memory. */
import { read } from "node:fs";

export const MESSAGE_BYTES_MAX = 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
/** How long to wait where the other side made its end, and so ours, non-blocking. */
const EMPTY_PAUSE_MS = 10;
const LINE_FEED = 0x0a;

export type Line = { readonly text: string } | { readonly refused: string };

/**
 * What file descriptor 0 gives until its end. Read by its number and never as a stream: `epoll` refuses a plain file and /dev/null, and some
 * agents start servers with such a thing.
 */
export async function* standardInput(fd = 0): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const bytes = await new Promise<number>((resolve, reject) => {
      read(fd, chunk, 0, CHUNK_BYTES, null, (error, count) => {
        if (error === null) resolve(count);
        else if (error.code === "EAGAIN") resolve(-1);
        else reject(error);
      });
    });
    if (bytes === 0) return;
    if (bytes < 0) await Bun.sleep(EMPTY_PAUSE_MS);
    else yield chunk.subarray(0, bytes);
  }
}

/** Lines without their ending; one that is longer or no UTF-8 is refused by itself, and the next one is read. What has no line feed at the end is no message. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, bytes_max = MESSAGE_BYTES_MAX): AsyncGenerator<Line, void> {
  let begun: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      bytes += at - from;
      const line = bytes > bytes_max ? tooLong(bytes_max) : lineOf([...begun, chunk.subarray(from, at)]);
      begun = [];
      bytes = 0;
      from = at + 1;
      yield line;
    }
    bytes += chunk.length - from;
    if (bytes > bytes_max) begun = [];
    else if (from < chunk.length) begun.push(chunk.subarray(from));
  }
}

const tooLong = (bytes_max: number): Line => ({ refused: `a message has at most ${bytes_max} bytes` });

function lineOf(pieces: readonly Uint8Array[]): Line {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(pieces)) };
  } catch (error) {
    if (error instanceof TypeError) return { refused: "a message is UTF-8" };
    throw error;
  }
}
