/**
 * Saved states as files, in a folder that one worker has for itself. A cache: what is gone, cut short, changed or from another engine is
 * a miss and is removed; nothing here fails a request. A state is read by the engine without a check of its own, so its digest is compared first.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, rename, rm, stat, statfs, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isAbsent, lookAt, namesIn } from "../../platform/folders.ts";
import { headerText, newHeader, readHeader, type StateHeader } from "./header.ts";
import { PrefixStates, type StateLimits } from "./states.ts";

const STATE = ".state";
const HEADER = ".json";
/** Of a header, of whatever stands there under its name. */
const HEADER_BYTES_MAX = 2 * 1024 * 1024;
/** Of the disk, left to those who cannot do without: a cache that fills it has the daemon refuse to write what counts. */
const SPARE_BYTES = 512 * 1024 * 1024;

export interface StateFilesDeps extends StateLimits {
  /** Private to the worker's model: who may write there may put anything into its memory. */
  readonly folder: string;
  /** Engine and version. */
  readonly engine: string;
  readonly block: number;
  /** Nothing is written with less free on its disk than that. */
  readonly spare_bytes?: number;
  /** A cache that cannot write says so once, and goes on without. */
  readonly warn: (what: string, error: unknown) => void;
}

/** What a saved state is of. */
export type StateOf = Pick<StateHeader, "scope" | "tenant" | "chain" | "cost_us">;

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array);
  return hash.digest("hex");
}

export class StateFiles {
  private readonly headers = new Map<string, StateHeader>();
  private saving = true;

  private constructor(
    private readonly deps: StateFilesDeps,
    readonly states: PrefixStates,
  ) {}

  /** Takes over what an earlier worker left there, oldest first, within the limits of now. */
  static async open(deps: StateFilesDeps): Promise<StateFiles> {
    const files = new StateFiles(deps, new PrefixStates(deps));
    try {
      await mkdir(deps.folder, { recursive: true, mode: 0o700 });
      await files.takeOver();
    } catch (error) {
      files.off("saved prompts cannot be kept", error);
    }
    return files;
  }

  /** Whether anything will be written at all. */
  get writes(): boolean {
    return this.saving;
  }

  /** Path of the state's file if it is still byte for byte what was written, else null, and then it is gone. */
  async checked(id: string): Promise<string | null> {
    const header = this.headers.get(id);
    if (header === undefined) return null;
    const path = this.pathOf(id, STATE);
    try {
      if ((await stat(path)).size === header.bytes && (await sha256Of(path)) === header.sha256) {
        this.states.touch(id);
        // Its place among the least recently used, should this worker end.
        const now = new Date();
        await utimes(path, now, now);
        return path;
      }
    } catch (error) {
      // Unreadable is as good as gone; gone alone is nothing to speak of.
      if (!isAbsent(error)) this.deps.warn("a saved prompt could not be read and is evaluated again", error);
    }
    await this.drop(id);
    return null;
  }

  /** Has `write` put a state into a file, and keeps it where there is room. Whether it is kept. */
  async save(of: StateOf, write: (path: string) => Promise<number>): Promise<boolean> {
    const id = of.chain.at(-1);
    if (!this.saving || id === undefined || this.headers.has(id)) return false;
    const path = this.pathOf(id, ".new");
    try {
      const { bavail, bsize } = await statfs(this.deps.folder);
      if (bavail * bsize < (this.deps.spare_bytes ?? SPARE_BYTES)) return false;
      await rm(path, { force: true });
      await write(path);
      const { size: bytes } = await stat(path);
      const { kept, removed } = this.states.put({ id, scope: of.scope, tenant: of.tenant, chain: of.chain, bytes, cost_us: of.cost_us });
      for (const one of removed) await this.forget(one);
      if (!kept) return await rm(path, { force: true }), false;
      const { engine, block } = this.deps;
      const header = newHeader({ id, ...of, engine, block, tokens: of.chain.length * block, bytes, sha256: await sha256Of(path) });
      await writeFile(this.pathOf(id, HEADER), headerText(header), { mode: 0o600 });
      // Not synced: what a power cut takes is evaluated again, and what it garbles has another digest.
      await rename(path, this.pathOf(id, STATE));
      this.headers.set(id, header);
      return true;
    } catch (error) {
      this.states.drop(id);
      await Promise.allSettled([rm(path, { force: true }), this.forget(id)]);
      this.off("a prompt's state could not be written; no more are written until this model's worker starts anew", error);
      return false;
    }
  }

  async drop(id: string): Promise<void> {
    this.states.drop(id);
    await Promise.allSettled([this.forget(id)]);
  }

  private async forget(id: string): Promise<void> {
    this.headers.delete(id);
    await Promise.all([STATE, HEADER].map((end) => rm(this.pathOf(id, end), { force: true })));
  }

  private off(what: string, error: unknown): void {
    if (this.saving) this.deps.warn(what, error);
    this.saving = false;
  }

  private pathOf(id: string, end: string): string {
    return join(this.deps.folder, `${id}${end}`);
  }

  private async takeOver(): Promise<void> {
    const found: { readonly header: StateHeader; readonly modified_ms: number }[] = [];
    for (const name of await namesIn(this.deps.folder)) {
      if (!name.endsWith(HEADER)) continue;
      const header = await this.headerAt(name.slice(0, -HEADER.length));
      const file = header === null ? null : await lookAt(this.pathOf(header.id, STATE));
      if (header !== null && file?.bytes === header.bytes) found.push({ header, modified_ms: file.modified_ms });
    }
    for (const { header, modified_ms } of found.sort((one, other) => one.modified_ms - other.modified_ms || (one.header.id < other.header.id ? -1 : 1))) {
      const { kept, removed } = this.states.put(header, modified_ms);
      for (const id of removed) this.headers.delete(id);
      if (kept) this.headers.set(header.id, header);
    }
    for (const name of await namesIn(this.deps.folder)) if (!this.headers.has(name.split(".")[0] ?? "") || name.endsWith(".new")) await rm(join(this.deps.folder, name), { recursive: true, force: true });
  }

  private async headerAt(id: string): Promise<StateHeader | null> {
    const path = this.pathOf(id, HEADER);
    const { engine, block } = this.deps;
    if (((await lookAt(path))?.bytes ?? Number.POSITIVE_INFINITY) > HEADER_BYTES_MAX) return null;
    // What cannot be read is a leftover like others, and no reason to keep nothing at all.
    const header = readHeader(await readFile(path, "utf8").catch(() => ""));
    return header !== null && header.id === id && header.engine === engine && header.block === block ? header : null;
  }
}
