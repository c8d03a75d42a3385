/** Content-addressed bytes in an OCI image layout: `blobs/sha256/<hex>` (image-spec `image-layout.md`). */
import { createHash } from "node:crypto";
import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { StoreLimits } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { isAbsent } from "../platform/folders.ts";
import { type BlobFiles, DIGEST, openBlobFiles } from "./blob-files.ts";
import { storeFailure } from "./failure.ts";
import { makeFolder, type Incoming } from "./files.ts";

export interface BlobRef {
  /** `sha256:<hex>` */
  readonly digest: string;
  readonly size: number;
}

/** A blob that was received whole and has no name yet: whoever has it keeps or drops it. */
export interface Received extends BlobRef {
  /** Stored and durable when it resolves. */
  keep(): Promise<void>;
  drop(): Promise<void>;
}

export interface Blobs extends BlobFiles {
  /** Stored and durable when it resolves. Writing what is there already repairs it. */
  put(bytes: Uint8Array): Promise<BlobRef>;
  /** Throws `request.too_large` above `blob_bytes_max`; the stream's own error is passed on. */
  putStream(chunks: AsyncIterable<Uint8Array>): Promise<BlobRef>;
  /** The first half of that, with a bound of its own. What was neither kept nor dropped goes at the next start. */
  receive(chunks: AsyncIterable<Uint8Array>, bytes_max: number): Promise<Received>;
  /** Where a blob's file lies, for whoever links or maps it; nothing says that it is there, or sound. */
  fileOf(digest: string): string;
  /** `undefined` where there is no such blob; throws `store.corrupt` where its bytes are others. */
  get(digest: string): Promise<Uint8Array | undefined>;
  has(digest: string): Promise<boolean>;
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

  async function receive(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, bytes_max: number): Promise<Received> {
    const hash = createHash("sha256");
    let size = 0;
    const temporary = await incoming.write(chunks, bytes_max, (chunk) => {
      hash.update(chunk);
      size += chunk.length;
    });
    const digest = `sha256:${hash.digest("hex")}`;
    return { digest, size, keep: () => name(digest, temporary), drop: () => rm(temporary, { force: true }) };
  }

  async function name(digest: string, temporary: string): Promise<void> {
    // Said before the file has its name, and until its age says the same: `remove` leaves it alone in whichever order the two come.
    publishing.set(digest, (publishing.get(digest) ?? 0) + 1);
    try {
      await incoming.publish(temporary, pathOf(digest));
    } finally {
      const others = (publishing.get(digest) ?? 1) - 1;
      if (others > 0) publishing.set(digest, others);
      else publishing.delete(digest);
    }
  }

  async function put(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<BlobRef> {
    const { digest, size, keep } = await receive(chunks, limits.blob_bytes_max);
    await keep();
    return { digest, size };
  }

  return {
    put: (bytes) => put([bytes]),
    putStream: put,
    receive,
    fileOf: pathOf,
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
    ...openBlobFiles(folder, (digest) => publishing.has(digest)),
  };
}
