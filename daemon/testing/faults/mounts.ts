/** Small file systems for tests that fill or break them; where this user may not mount, such tests are skipped. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ran = (...argv: string[]): boolean => Bun.which(argv[0] ?? "") !== null && Bun.spawnSync(argv).exitCode === 0;

/** A file system in memory of so many bytes over `folder`, until it is disposed of. */
export function tinyDisk(folder: string, bytes: number): Disposable | null {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!ran("mount", "-t", "tmpfs", "-o", `size=${bytes},mode=0700`, "tmpfs", folder)) return null;
  return { [Symbol.dispose]: () => void ran("umount", "-l", folder) };
}

export interface BreakableDisk extends Disposable {
  /** What a kernel does that finds the file system damaged: nothing can be written any more, files that are open for writing included. */
  break(): void;
}

/** An ext4 file system in a file of so many bytes; `break` aborts its journal, after which it is read-only as `errors=remount-ro` says. */
export function breakableDisk(folder: string, bytes: number): BreakableDisk | null {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const home = mkdtempSync(join(tmpdir(), "maestro-ext4-"));
  const image = join(home, "image");
  const made = ran("truncate", "-s", String(bytes), image) && ran("mkfs.ext4", "-q", "-F", image) && ran("mount", "-o", "loop,errors=remount-ro", image, folder);
  if (!made) {
    rmSync(home, { recursive: true, force: true });
    return null;
  }
  return {
    break() {
      if (!ran("mount", "-o", "remount,abort", folder)) throw new Error(`${folder} could not be broken`);
    },
    [Symbol.dispose]() {
      ran("umount", "-l", folder);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

const MIB = 1024 * 1024;
const TRIAL_BYTES = 8 * MIB;

function works(make: (folder: string, bytes: number) => Disposable | null): boolean {
  const folder = mkdtempSync(join(tmpdir(), "maestro-mount-"));
  try {
    using disk = make(folder, TRIAL_BYTES);
    return disk !== null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const mayMountTiny = (): boolean => works(tinyDisk);
export const mayMountBreakable = (): boolean => works(breakableDisk);
