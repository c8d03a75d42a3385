/** A model's files under their own names: hard links to its blobs, no copies. */
import { createHash } from "node:crypto";
import { createReadStream, type BigIntStats } from "node:fs";
import { link, lstat, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import type { ModelFile, StoredModel } from "../../../proto/model-store.ts";
import { isAbsent, namesIn } from "../../platform/folders.ts";
import type { Blobs } from "../../store/blobs.ts";
import { storeFailure } from "../../store/failure.ts";

const READ_BYTES = 4 * 1024 * 1024;

/** What changes with every write that goes through the file system, and with an exchange of the file. */
const markOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string => [dev, ino, size, mtimeNs, ctimeNs].join(" ");

const look = (path: string): Promise<BigIntStats | null> =>
  lstat(path, { bigint: true }).catch((error: unknown) => {
    if (isAbsent(error)) return null;
    throw storeFailure(error, `look at ${path}`);
  });

/** Null where the file holds the bytes of its digest; else what is wrong with it. */
export async function fileProblem(path: string, { sha256, bytes }: Pick<ModelFile, "sha256" | "bytes">): Promise<string | null> {
  const found = await look(path);
  if (found === null) return "it is missing";
  if (!found.isFile()) return "it is no plain file";
  if (found.size !== BigInt(bytes)) return `it has ${found.size} of ${bytes} bytes`;
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) hash.update(chunk);
  } catch (error) {
    return storeFailure(error, "read").detail;
  }
  return hash.digest("hex") === sha256 ? null : "it holds other bytes than its digest says";
}

export class ModelFolders {
  /** By path: how the file looked when its bytes were last hashed and found right. Of this process alone. */
  readonly #sound = new Map<string, string>();

  constructor(
    /** Of the state folder; on the same file system as the blobs. */
    private readonly root: string,
    /** Saved states of prompts, in a folder of each model: they hold the prompts. */
    private readonly prefixes: string,
    private readonly blobs: Pick<Blobs, "fileOf">,
  ) {}

  folderOf({ digest }: Pick<StoredModel, "digest">): string {
    return join(this.root, digest);
  }

  /**
   * The folder, with every file hashed once since this process started, and again whenever a file's inode, size, time of writing or time of
   * change is another. Caught: bytes that were other before the first use, and every write, truncation or exchange through the file system
   * since, also of the blob, which is the same inode. Not caught until the next start or scrub: bytes that a disk changes under the file
   * system after they were hashed, and a writer with the rights of root who does so after this returned and before an engine maps the file.
   * Throws `models.corrupt`.
   */
  async checked(model: Pick<StoredModel, "name" | "digest" | "files">): Promise<string> {
    const folder = this.folderOf(model);
    await this.#tidy(folder, model);
    for (const file of model.files) {
      const path = join(folder, file.name);
      await this.#linked(path, file);
      const before = await look(path);
      if (before !== null && this.#sound.get(path) === markOf(before)) continue;
      this.#sound.delete(path);
      const problem = await fileProblem(path, file);
      const after = await look(path);
      // Written to while it was read: what was hashed is not what lies there.
      if (problem !== null || before === null || after === null || markOf(after) !== markOf(before)) throw new MaestroError("models.corrupt", `${model.name}: ${file.name}: ${problem ?? "it is being written to"}`);
      this.#sound.set(path, markOf(after));
    }
    return folder;
  }

  /** Gone, with what is known of its files, and with the states of prompts that were evaluated with it. */
  async remove(model: Pick<StoredModel, "digest" | "files">): Promise<void> {
    const folder = this.folderOf(model);
    for (const { name } of model.files) this.#sound.delete(join(folder, name));
    for (const root of [this.root, this.prefixes]) await rm(join(root, model.digest), { recursive: true, force: true });
  }

  /** What a daemon left that ended between the record and the folder: links hold a model's bytes, which no gc gives back then. */
  async sweep(digests: ReadonlySet<string>): Promise<void> {
    for (const root of [this.root, this.prefixes]) for (const name of await namesIn(root)) if (!digests.has(name)) await rm(join(root, name), { recursive: true, force: true });
  }

  /** A link to the blob as it lies there now: an import that mended it, or a hand that put something else in its place, left another inode. */
  async #linked(path: string, { sha256 }: ModelFile): Promise<void> {
    const blob = this.blobs.fileOf(`sha256:${sha256}`);
    const [there, wanted] = [await look(path), await look(blob)];
    if (there !== null && wanted !== null && there.ino === wanted.ino && there.dev === wanted.dev) return;
    if (wanted === null) return;
    try {
      await rm(path, { recursive: true, force: true });
      await link(blob, path);
    } catch (error) {
      throw storeFailure(error, `link ${path}`);
    }
  }

  /** Nothing lies in the folder but the model's files: an engine may read what it finds beside them. */
  async #tidy(folder: string, { files }: Pick<StoredModel, "files">): Promise<void> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const known = new Set(files.map(({ name }) => name));
      for (const name of await readdir(folder)) if (!known.has(name)) await rm(join(folder, name), { recursive: true, force: true });
    } catch (error) {
      throw storeFailure(error, `open ${folder}`);
    }
  }
}
