/** Files that are there whole or not at all, also after the power went. */
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import { syncPath } from "../platform/sync.ts";
import { storeFailure } from "./failure.ts";

/** Makes `folder` and what is missing above it, each durable in its parent: without that a whole folder of synced files may be gone after a power cut. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = folder; ; made = dirname(made)) {
    await syncPath(dirname(made));
    if (made === first) return;
  }
}

/** A folder for half-written files, on the file system they will be renamed into. */
export interface Incoming {
  /**
   * Writes `chunks` to a synced temporary file and returns its path.
   * Throws `request.too_large` over `bytes_max`, `store.no_space` on a full disk; nothing is left then.
   */
  write(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, bytes_max: number, seen: (chunk: Uint8Array) => void): Promise<string>;
  /** Gives a temporary file its name and waits until the name is on disk. */
  publish(temporary: string, path: string): Promise<void>;
}

/** Empties `folder` first: what stands in it was never acknowledged. */
export async function openIncoming(folder: string): Promise<Incoming> {
  await makeFolder(folder);
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
  let next = 0;

  async function writeAll(path: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, bytes_max: number, seen: (chunk: Uint8Array) => void): Promise<void> {
    const handle = await open(path, "wx", 0o600);
    let size = 0;
    try {
      for await (const chunk of chunks) {
        size += chunk.length;
        if (size > bytes_max) throw new MaestroError("request.too_large", `a blob above ${bytes_max} bytes`);
        seen(chunk);
        await handle.writeFile(chunk);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  return {
    async write(chunks, bytes_max, seen) {
      const path = join(folder, String(next++));
      try {
        await writeAll(path, chunks, bytes_max, seen);
      } catch (error) {
        await rm(path, { force: true });
        // The error of a stream is its owner's: only what the file system said is ours to name.
        throw error instanceof Error && "syscall" in error ? storeFailure(error, "write a blob") : error;
      }
      return path;
    },
    async publish(temporary, path) {
      try {
        await rename(temporary, path);
        await syncPath(dirname(path));
      } catch (error) {
        await rm(temporary, { force: true });
        throw storeFailure(error, `publish ${basename(path)}`);
      }
    },
  };
}
