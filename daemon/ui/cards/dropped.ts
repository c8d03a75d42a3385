/** Files out of what somebody dropped, folders looked through. What a folder holds besides cards is counted, not read. */
import { CARDS_LIMITS } from "./limits.ts";

/** What a browser hands over of a folder (File and Directory Entries API). */
interface FileEntry {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly name: string;
  file?(took: (file: File) => void, failed: (cause: Error) => void): void;
  createReader?(): { readEntries(took: (entries: readonly FileEntry[]) => void, failed: (cause: Error) => void): void };
}
export interface DroppedItem {
  webkitGetAsEntry?(): FileEntry | null;
}

export interface Dropped {
  readonly files: readonly File[];
  /** Of folders: what is no card by its name, and what could not be read. */
  readonly passed: number;
  /** More files than the page takes. */
  readonly over: boolean;
}

const DEPTH_MAX = 16;
export const mayHoldCards = (name: string): boolean => /\.(?:json|ndjson|jsonl)$/i.test(name);

const entriesOf = (reader: NonNullable<ReturnType<NonNullable<FileEntry["createReader"]>>>): Promise<readonly FileEntry[]> => new Promise((took, failed) => reader.readEntries(took, failed));
const fileOf = (entry: FileEntry): Promise<File> => new Promise((took, failed) => entry.file?.(took, failed));

class Looking {
  readonly files: File[] = [];
  passed = 0;
  over = false;

  async into(entry: FileEntry, depth: number): Promise<void> {
    if (this.over) return;
    try {
      if (entry.isFile) await this.file(entry, depth);
      else if (entry.createReader !== undefined && depth < DEPTH_MAX && !entry.name.startsWith(".")) await this.folder(entry.createReader(), depth);
      else this.passed++;
    } catch (cause) {
      // A file that went away between the drop and now; a browser says so with an exception.
      if (!(cause instanceof Error)) throw cause;
      this.passed++;
    }
  }

  private async file(entry: FileEntry, depth: number): Promise<void> {
    if (depth > 0 && !mayHoldCards(entry.name)) this.passed++;
    else if (this.files.length >= CARDS_LIMITS.files_max) this.over = true;
    else this.files.push(await fileOf(entry));
  }

  /** A browser gives a folder a hundred entries at a time, and none at its end. */
  private async folder(reader: NonNullable<ReturnType<NonNullable<FileEntry["createReader"]>>>, depth: number): Promise<void> {
    for (let entries = await entriesOf(reader); entries.length > 0 && !this.over; entries = await entriesOf(reader)) {
      for (const one of entries) await this.into(one, depth + 1);
    }
  }
}

/** `items` are asked for their entries at once: a browser forgets them when the event is over. */
export async function filesDropped(items: Iterable<DroppedItem>, files: Iterable<File>): Promise<Dropped> {
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
  const plain = [...files];
  if (!entries.some(({ isDirectory }) => isDirectory)) return { files: plain.slice(0, CARDS_LIMITS.files_max), passed: 0, over: plain.length > CARDS_LIMITS.files_max };
  const looking = new Looking();
  for (const entry of entries) await looking.into(entry, 0);
  return looking;
}
