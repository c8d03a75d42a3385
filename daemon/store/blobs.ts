/** Content-addressed bytes in an OCI image layout: `blobs/sha256/<hex>` (image-spec `image-layout.md`). */
import { createHash } from "node:crypto";
import { createReadStream, rmSync, statSync } from "node:fs";
import { opendir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { StoreLimits } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { storeFailure } from "./failure.ts";
import { makeFolder, type Incoming } from "./files.ts";

export interface BlobRef {
  /** `sha256:<hex>` */
  readonly digest: string;
  readonly size: number;
}

export interface Blobs {
  /** Stored and durable when it resolves. Writing what is there already repairs it. */
  put(bytes: Uint8Array): Promise<BlobRef>;
  /** Throws `request.too_large` above `blob_bytes_max`; the stream's own error is passed on. */
  putStream(chunks: AsyncIterable<Uint8Array>): Promise<BlobRef>;
  /** `undefined` where there is no such blob; throws `store.corrupt` where its bytes are others. */
  get(digest: string): Promise<Uint8Array | undefined>;
  has(digest: string): Promise<boolean>;
  /** Every file among the blobs, whatever its name, in no order. */
  list(): AsyncGenerator<BlobFile, void>;
  /** Reads a blob in pieces; what is wrong with it, or `null`. `size` is what of it could be read. */
  check(digest: string): Promise<{ readonly size: number; readonly problem: string | null }>;
  /**
   * Removes a blob that was last written before `before_ms`; the bytes that went. A blob that is being written again at this moment stays:
   * whoever writes it is about to refer to it.
   */
  remove(digest: string, before_ms: number): number;
}

/** A file as it lies there; `digest` is `null` where its name is none. */
export interface BlobFile {
  readonly name: string;
  readonly digest: string | null;
  readonly size: number;
  readonly modified_ms: number;
}

const READ_BYTES = 1024 * 1024;
const DIGEST = /^sha256:([0-9a-f]{64})$/;

function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

export function sha256Digest(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** `layout` is the folder that holds `blobs/`. */
export async function openBlobs(layout: string, incoming: Incoming, limits: StoreLimits): Promise<Blobs> {
  const folder = join(layout, "blobs", "sha256");
  await makeFolder(folder);

  function pathOf(digest: string): string {
    const hex = DIGEST.exec(digest)?.[1];
    if (hex === undefined) throw new MaestroError("internal.bug", `not a blob digest: ${JSON.stringify(digest)}`);
    return join(folder, hex);
  }

  const publishing = new Map<string, number>();

  async function put(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<BlobRef> {
    const hash = createHash("sha256");
    let size = 0;
    const temporary = await incoming.write(chunks, limits.blob_bytes_max, (chunk) => {
      hash.update(chunk);
      size += chunk.length;
    });
    const digest = `sha256:${hash.digest("hex")}`;
    // Said before the file has its name, and until its age says the same: `remove` leaves it alone in whichever order the two come.
    publishing.set(digest, (publishing.get(digest) ?? 0) + 1);
    try {
      await incoming.publish(temporary, pathOf(digest));
    } finally {
      const others = (publishing.get(digest) ?? 1) - 1;
      if (others > 0) publishing.set(digest, others);
      else publishing.delete(digest);
    }
    return { digest, size };
  }

  return {
    put: (bytes) => put([bytes]),
    putStream: put,
    async get(digest) {
      const path = pathOf(digest);
      try {
        const { size } = await stat(path);
        if (size > limits.blob_bytes_max) throw new MaestroError("store.corrupt", `blob ${digest} has ${size} bytes, limit ${limits.blob_bytes_max}`);
        const bytes = await readFile(path);
        if (sha256Digest(bytes) !== digest) throw new MaestroError("store.corrupt", `blob ${digest} holds other bytes`);
        return bytes;
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw storeFailure(error, `read blob ${digest}`);
      }
    },
    async has(digest) {
      try {
        return (await stat(pathOf(digest))).isFile();
      } catch (error) {
        if (isAbsent(error)) return false;
        throw storeFailure(error, `find blob ${digest}`);
      }
    },
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
        for await (const chunk of createReadStream(pathOf(digest), { highWaterMark: READ_BYTES })) {
          hash.update(chunk);
          size += chunk.length;
        }
      } catch (error) {
        return { size, problem: isAbsent(error) ? "it is missing" : storeFailure(error, "read").detail };
      }
      return { size, problem: `sha256:${hash.digest("hex")}` === digest ? null : "it holds other bytes than its name says" };
    },
    remove(digest, before_ms) {
      // Nothing may wait between the last look and the removal.
      const path = pathOf(digest);
      const found = statSync(path, { throwIfNoEntry: false });
      if (publishing.has(digest) || found === undefined || found.mtimeMs >= before_ms) return 0;
      rmSync(path, { force: true });
      return found.size;
    },
  };
}
