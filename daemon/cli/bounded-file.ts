/** Files that a caller names: whatever stands there, a device or a pipe without an end too, no more than so many bytes of it are read. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { MaestroError } from "../../proto/errors.ts";

const CHUNK_BYTES = 1024 * 1024;

/** `null` where there are more. Throws what the system throws. */
function readBounded(path: string, bytes_max: number): Uint8Array | null {
  const file = openSync(path, "r");
  try {
    if (fstatSync(file).size > bytes_max) return null;
    const chunks: Uint8Array[] = [];
    for (let bytes = 0; bytes <= bytes_max; ) {
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, bytes_max + 1 - bytes));
      const read = readSync(file, chunk);
      if (read === 0) return new Uint8Array(Buffer.concat(chunks));
      chunks.push(chunk.subarray(0, read));
      bytes += read;
    }
    return null;
  } finally {
    closeSync(file);
  }
}

/** What is in the file is somebody else's to judge; that it can be read at all, and is not far too large, is the caller's. */
export function readNamed(path: string, bytes_max: number, code: "trust.malformed" | "cli.usage" = "cli.usage"): Uint8Array {
  let bytes: Uint8Array | null;
  try {
    bytes = readBounded(path, bytes_max);
  } catch (error) {
    throw new MaestroError(code, `${path} cannot be read`, { cause: error });
  }
  if (bytes === null) throw new MaestroError(code, `${path} has more than ${bytes_max} bytes`);
  return bytes;
}
