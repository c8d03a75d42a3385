/** The blobs as files: all of them, each against its name, and the removal of those that nobody needs. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, rmSync, statSync } from "node:fs";
import { opendir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isAbsent } from "../platform/folders.ts";
import { storeFailure } from "./failure.ts";

/** A file as it lies there; `digest` is `null` where its name is none. */
export interface BlobFile {
  readonly name: string;
  readonly digest: string | null;
  readonly size: number;
  readonly modified_ms: number;
}

export interface BlobFiles {
  /** Every file among the blobs, whatever its name, in no order. */
  list(): AsyncGenerator<BlobFile, void>;
  /** Reads a blob in pieces; what is wrong with it, or `null`. `size` is what of it could be read. */
  check(digest: string): Promise<{ readonly size: number; readonly problem: string | null }>;
  /** A blob in pieces, each its reader's own. Whoever reads compares the digest: nobody here holds it whole. Throws `store.*`. */
  pieces(digest: string, piece_bytes: number): AsyncGenerator<Uint8Array, void>;
  /** Copies a blob in pieces to `into`, where there is nothing yet; false, and nothing there, where it is gone or holds other bytes. */
  copyOut(digest: string, into: string): Promise<boolean>;
  /**
   * Removes a blob that was last written before `before_ms`; the bytes that went. A blob that is being written again at this moment stays:
   * whoever writes it is about to refer to it.
   */
  remove(digest: string, before_ms: number): number;
}

export const DIGEST = /^sha256:([0-9a-f]{64})$/;
const READ_BYTES = 1024 * 1024;

/** `busy`: whether a blob is being given its name at this moment. */
export function openBlobFiles(folder: string, busy: (digest: string) => boolean): BlobFiles {
  return {
    async *list() {
      for await (const { name } of await opendir(folder)) {
        const found = await stat(join(folder, name)).catch((error: unknown) => {
          if (isAbsent(error)) return null;
          throw storeFailure(error, `look at blob ${name}`);
        });
        const digest = DIGEST.test(`sha256:${name}`) ? `sha256:${name}` : null;
        if (found !== null) yield { name, digest, size: found.size, modified_ms: found.mtimeMs };
      }
    },
    async check(digest) {
      const hash = createHash("sha256");
      let size = 0;
      try {
        for await (const chunk of createReadStream(join(folder, digest.replace(/^sha256:/, "")), { highWaterMark: READ_BYTES })) {
          hash.update(chunk);
          size += chunk.length;
        }
      } catch (error) {
        return { size, problem: isAbsent(error) ? "it is missing" : storeFailure(error, "read").detail };
      }
      return { size, problem: `sha256:${hash.digest("hex")}` === digest ? null : "it holds other bytes than its name says" };
    },
    async *pieces(digest, piece_bytes) {
      try {
        for await (const chunk of createReadStream(join(folder, digest.replace(/^sha256:/, "")), { highWaterMark: piece_bytes }) as AsyncIterable<Buffer>) yield chunk;
      } catch (error) {
        throw storeFailure(error, `read blob ${digest}`);
      }
    },
    async copyOut(digest, into) {
      const hash = createHash("sha256");
      const hashing = new Transform({ transform: (chunk: Uint8Array, _, next) => (hash.update(chunk), next(null, chunk)) });
      try {
        await pipeline(createReadStream(join(folder, digest.replace(/^sha256:/, "")), { highWaterMark: READ_BYTES }), hashing, createWriteStream(into, { flags: "wx", mode: 0o600 }));
      } catch (error) {
        rmSync(into, { force: true });
        if (isAbsent(error)) return false;
        throw storeFailure(error, `copy blob ${digest}`);
      }
      const same = `sha256:${hash.digest("hex")}` === digest;
      if (!same) rmSync(into, { force: true });
      return same;
    },
    remove(digest, before_ms) {
      // Nothing may wait between the last look and the removal.
      const path = join(folder, digest.replace(/^sha256:/, ""));
      const found = statSync(path, { throwIfNoEntry: false });
      if (busy(digest) || found === undefined || found.mtimeMs >= before_ms) return 0;
      rmSync(path, { force: true });
      return found.size;
    },
  };
}
