/** Lines of the merged tree and of the trusted base, read when they are asked for. Runs in a check process. */
import { fromUtf8Lossy } from "../../proto/encoding.ts";
import type { Facts, FileChange } from "../../proto/facts.ts";
import { pathText } from "../../proto/scalar.ts";
import type { Oid } from "../platform/git/object-format.ts";
import type { ObjectReader } from "../platform/git/objects.ts";
import { blobAt } from "../platform/git/tree-entry.ts";

const FILES_MAX = 500;
const FILE_BYTES_MAX = 4 * 1024 * 1024;

const bare = (text: string): string => (text.endsWith("\r") ? text.slice(0, -1) : text);

export class Sources {
  private readonly changed: ReadonlyMap<string, FileChange>;
  private readonly touched_paths: ReadonlySet<string>;
  private tree: ReadonlyMap<string, Oid> | null = null;
  private readonly blobs = new Map<Oid, readonly string[] | null>();
  private readonly places = new Map<string, Promise<Oid | null>>();

  constructor(private readonly facts: Facts, private readonly objects: () => ObjectReader) {
    this.changed = new Map(facts.files.map((file) => [pathText(file.path), file]));
    this.touched_paths = new Set(facts.files.flatMap(({ path, old_path }) => (old_path === null ? [path] : [path, old_path])).map(pathText));
  }

  /** Whether the change has anything to do with the path, on either side. */
  touched(path: string): boolean {
    return this.touched_paths.has(path);
  }

  /** Files of the change first: of one that nobody touched, an unread line is still known to be the line it was. */
  async readTouched(now: ReadonlySet<string>, base: ReadonlySet<string>, old_tree: Oid): Promise<void> {
    for (const path of now) {
      const oid = this.touched(path) && this.changed.get(path)?.status !== "added" ? this.inTree(path) : undefined;
      if (oid !== undefined) await this.lines(oid);
    }
    for (const path of base) if (this.touched(path)) await this.linesAt(old_tree, path);
  }

  private inTree(path: string): Oid | undefined {
    this.tree ??= new Map(this.facts.tree.map((entry) => [pathText(entry.path), entry.oid]));
    return this.tree.get(path);
  }

  /** Where the file stood before the change; a copy is a new file. */
  basePath(path: string): string {
    const file = this.changed.get(path);
    return file?.status === "renamed" && file.old_path !== null ? pathText(file.old_path) : path;
  }

  /** The line as the diff shows it, or null where it shows nothing of it. */
  private shown(path: string, number: number): { readonly text: string; readonly added: boolean } | null {
    for (const hunk of this.changed.get(path)?.hunks ?? []) {
      if (number < hunk.new_start || number >= hunk.new_start + hunk.new_lines) continue;
      let at = hunk.new_start;
      for (const { op, text } of hunk.lines) {
        if (op === "-") continue;
        if (at === number) return { text: bare(text), added: op === "+" };
        at++;
      }
    }
    return null;
  }

  /** Whether the change itself brings the line; what is not shown of a changed file stood there before. */
  added(path: string, number: number): boolean {
    const file = this.changed.get(path);
    return file !== undefined && (file.truncated || file.old === null || this.shown(path, number)?.added === true);
  }

  /** Whether the change puts the line between others that stay as they stood: it takes no line's place. */
  inserted(path: string, number: number): boolean {
    for (const hunk of this.changed.get(path)?.hunks ?? []) {
      if (number < hunk.new_start || number >= hunk.new_start + hunk.new_lines) continue;
      let [at, found, takes_away] = [hunk.new_start, false, false];
      for (const { op } of hunk.lines) {
        if (op === " " && found) return !takes_away;
        if (op === " ") takes_away = false;
        else if (op === "-") takes_away = true;
        else if (at === number) found = true;
        if (op !== "-") at++;
      }
      return found && !takes_away;
    }
    return false;
  }

  /** A line of the merged tree, or null where it is not there or cannot be read. */
  async line(path: string, number: number): Promise<string | null> {
    if (number < 1) return null;
    const shown = this.shown(path, number);
    if (shown !== null) return shown.text;
    const oid = this.inTree(path);
    return oid === undefined ? null : ((await this.lines(oid))?.[number - 1] ?? null);
  }

  /** All lines of a blob; null where it is missing, too large, or one too many. */
  async lines(oid: Oid): Promise<readonly string[] | null> {
    const known = this.blobs.get(oid);
    if (known !== undefined) return known;
    if (this.blobs.size >= FILES_MAX) return null;
    const read = await this.objects().read(oid, FILE_BYTES_MAX);
    const lines = read.result === "read" ? fromUtf8Lossy(read.content).split("\n").map(bare) : null;
    this.blobs.set(oid, lines);
    return lines;
  }

  /** The blob at a path below a tree. */
  at(tree: Oid, path: string): Promise<Oid | null> {
    const key = `${tree} ${path}`;
    const known = this.places.get(key) ?? blobAt(this.objects(), tree, path);
    this.places.set(key, known);
    return known;
  }

  async linesAt(tree: Oid, path: string): Promise<readonly string[] | null> {
    const oid = await this.at(tree, path);
    return oid === null ? null : this.lines(oid);
  }
}
