/**
 * The names of a layout: `index.json`. It is there whole or not at all, so a new name rewrites it; lest that grow with every name, only the
 * newest stand in it themselves. Older ones are parts: image indexes among the blobs that `index.json` names (image-spec `image-index.md`
 * allows an index in an index), each also a layout of its own below `older`, because tools look for a name in `index.json` alone.
 */
import { link, mkdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { canonicalText, parseStrict } from "../../proto/canonical.ts";
import { utf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { type Descriptor, IMAGE_INDEX_TYPE, ImageIndex, REF_NAME_ANNOTATION } from "../../proto/oci.ts";
import { namesIn } from "../platform/folders.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import type { Blobs } from "./blobs.ts";
import type { Incoming } from "./files.ts";

/** An index is ours; the bound keeps a damaged file from being read without end. One from before there were parts holds every name. */
const JSON_LIMITS = { bytes_max: 256 * 1024 * 1024, depth_max: 8 };
/** Above this the oldest move into a part. */
const OPEN_NAMES_MAX = 512;
const PART_NAMES = 256;
const OLDER = "older";
/** Of a part's digest, enough to tell its folder from any other's. */
const FOLDER_CHARACTERS = 16;

const checkIndex = lazyCheck(ImageIndex);

interface Entry {
  readonly descriptor: Descriptor;
  /** Kept, because most of a write is text that did not change. */
  readonly text: string;
}

interface Part {
  readonly descriptor: Descriptor;
  readonly names: ReadonlySet<string>;
}

function parse(bytes: Uint8Array, what: string): ImageIndex {
  try {
    const value: unknown = parseStrict(bytes, JSON_LIMITS);
    if (checkIndex().Check(value)) return value;
  } catch (error) {
    throw new MaestroError("store.corrupt", `${what} cannot be read`, { cause: error });
  }
  throw new MaestroError("store.corrupt", `${what} is not in the form it was written in`);
}

const entryOf = (descriptor: Descriptor): Entry => ({ descriptor, text: canonicalText(descriptor) });
const indexOf = (texts: readonly string[]): Uint8Array => utf8(`{"manifests":[${texts.join(",")}],"mediaType":${canonicalText(IMAGE_INDEX_TYPE)},"schemaVersion":2}`);
const folderOf = ({ digest }: Descriptor): string => digest.slice("sha256:".length).slice(0, FOLDER_CHARACTERS);

export interface NameIndexDeps {
  readonly layout: string;
  readonly incoming: Incoming;
  readonly blobs: Blobs;
}

/** Concurrent changes share one write: each waits for the write that carries it. */
export class NameIndex {
  /** Every name, oldest first. */
  private readonly entries = new Map<string, Entry>();
  /** Names that stand in `index.json` themselves, oldest first. */
  private readonly open = new Set<string>();
  private parts: readonly Part[] = [];
  /** Names that moved out of a part since the last write. */
  private readonly moved = new Set<string>();
  /** Whether `older` is what the parts say. */
  private shown = false;
  private queued: Promise<void> | null = null;
  private running: Promise<void> = Promise.resolve();

  private constructor(private readonly deps: NameIndexDeps) {}

  /** Throws `store.corrupt` where the index or a part of it is gone or damaged: an empty store would be a lie. */
  static async load(deps: NameIndexDeps): Promise<NameIndex> {
    const index = new NameIndex(deps);
    await index.read();
    return index;
  }

  get(name: string): Descriptor | undefined {
    return this.entries.get(name)?.descriptor;
  }

  names(): readonly string[] {
    return [...this.entries.keys()];
  }

  /** Digests of the blobs that the index itself is made of. */
  blobs(): readonly string[] {
    return this.parts.map(({ descriptor }) => descriptor.digest);
  }

  /** Durable when it resolves. A name that stands moves. */
  set(name: string, descriptor: Descriptor): Promise<void> {
    if (this.entries.delete(name) && !this.open.has(name)) this.moved.add(name);
    this.entries.set(name, entryOf({ ...descriptor, annotations: { ...descriptor.annotations, [REF_NAME_ANNOTATION]: name } }));
    this.open.delete(name);
    this.open.add(name);
    this.queued ??= this.next();
    return this.queued;
  }

  /** Durable when it resolves. Names that do not stand are none. */
  remove(names: readonly string[]): Promise<void> {
    for (const name of names) if (this.entries.delete(name) && !this.open.delete(name)) this.moved.add(name);
    this.queued ??= this.next();
    return this.queued;
  }

  private get path(): string {
    return join(this.deps.layout, "index.json");
  }

  private async read(): Promise<void> {
    if (!(await Bun.file(this.path).exists())) return this.write();
    const parts: Part[] = [];
    for (const descriptor of parse(await readFile(this.path), this.path).manifests) {
      const name = descriptor.annotations?.[REF_NAME_ANNOTATION];
      if (descriptor.mediaType === IMAGE_INDEX_TYPE) parts.push(await this.readPart(descriptor));
      else if (name !== undefined) {
        this.entries.set(name, entryOf(descriptor));
        this.open.add(name);
      }
    }
    this.parts = parts;
    await this.showParts();
  }

  private async readPart(descriptor: Descriptor): Promise<Part> {
    const what = `part ${descriptor.digest} of ${this.path}`;
    const bytes = await this.deps.blobs.get(descriptor.digest);
    if (bytes === undefined) throw new MaestroError("store.corrupt", `${what} is gone`);
    const names = parse(bytes, what).manifests.flatMap((entry) => {
      const name = entry.annotations?.[REF_NAME_ANNOTATION];
      if (name === undefined) return [];
      this.entries.set(name, entryOf(entry));
      return [name];
    });
    return { descriptor, names: new Set(names) };
  }

  private async next(): Promise<void> {
    await this.running.catch(() => undefined);
    this.queued = null;
    this.running = this.write();
    return this.running;
  }

  private async write(): Promise<void> {
    await this.rewriteMoved();
    while (this.open.size > OPEN_NAMES_MAX) {
      const names = [...this.open].slice(0, PART_NAMES);
      this.setParts([...this.parts, await this.putPart(names)]);
      for (const name of names) this.open.delete(name);
    }
    const texts = [...this.parts.map(({ descriptor }) => canonicalText(descriptor)), ...Array.from(this.open, (name) => this.entries.get(name)!.text)];
    const temporary = await this.deps.incoming.write([indexOf(texts)], JSON_LIMITS.bytes_max, () => undefined);
    await this.deps.incoming.publish(temporary, this.path);
    await this.showParts();
  }

  /** A part never names what has moved: whoever walks it would miss a manifest that is nobody's any more. */
  private async rewriteMoved(): Promise<void> {
    if (this.moved.size === 0) return;
    const moved = [...this.moved];
    const parts: Part[] = [];
    for (const part of this.parts) {
      const kept = [...part.names].filter((name) => !moved.includes(name));
      if (kept.length === part.names.size) parts.push(part);
      else if (kept.length > 0) parts.push(await this.putPart(kept));
    }
    this.setParts(parts);
    for (const name of moved) this.moved.delete(name);
  }

  private setParts(parts: readonly Part[]): void {
    this.parts = parts;
    this.shown = false;
  }

  private async putPart(names: readonly string[]): Promise<Part> {
    const ref = await this.deps.blobs.put(indexOf(names.map((name) => this.entries.get(name)!.text)));
    return { descriptor: { mediaType: IMAGE_INDEX_TYPE, ...ref }, names: new Set(names) };
  }

  /** `older/…` follows from the parts, so it may be deleted at any time; a start makes what is missing. */
  private async showParts(): Promise<void> {
    if (this.shown) return;
    const older = join(this.deps.layout, OLDER);
    const wanted = new Map(this.parts.map(({ descriptor }) => [folderOf(descriptor), descriptor]));
    try {
      const there = new Set(await namesIn(older));
      for (const name of there) if (!wanted.has(name)) await rm(join(older, name), { recursive: true, force: true });
      for (const [name, descriptor] of wanted) if (!there.has(name)) await this.show(join(older, name), descriptor);
      this.shown = true;
    } catch (error) {
      // The names are on disk; that a full disk keeps a view of them from being made is mended by a later write or start.
      if (!(error instanceof Error && "syscall" in error)) throw error;
    }
  }

  private async show(folder: string, { digest }: Descriptor): Promise<void> {
    const fresh = join(dirname(folder), `new-${basename(folder)}`);
    await rm(fresh, { recursive: true, force: true });
    await mkdir(fresh, { recursive: true, mode: 0o700 });
    await link(join(this.deps.layout, "blobs", "sha256", digest.slice("sha256:".length)), join(fresh, "index.json"));
    await link(join(this.deps.layout, "oci-layout"), join(fresh, "oci-layout"));
    await symlink("../../blobs", join(fresh, "blobs"));
    await rename(fresh, folder);
  }
}
