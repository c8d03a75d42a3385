import { fromUtf8Lossy, utf8 } from "./encoding.ts";

/**
 * What a client streams in one intake: `maestro-pack 1 <history bytes>\n`, a pack of bare commit
 * objects (the ancestry; their trees are not sent), then a pack of complete trees up to the end.
 * A body that begins with git's own `PACK` is the second pack alone, so `git pack-objects | curl` works too.
 */
const HEADER = /^maestro-pack 1 (0|[1-9][0-9]{0,11})\n$/;
export const PACK_BODY_HEADER_BYTES_MAX = 64;

export function packBodyHeader(history_bytes: number): Uint8Array {
  return utf8(`maestro-pack 1 ${history_bytes}\n`);
}

/** Length of the history pack, or `null` where the line is not such a header. */
export function historyBytesOf(line: Uint8Array): number | null {
  const match = HEADER.exec(fromUtf8Lossy(line));
  return match === null ? null : Number(match[1]);
}
