import { expect, test } from "bun:test";
import { diskCode } from "./disk.ts";

test("a full, a read-only and a broken disk are known by the words of the kernel, of git and of LMDB; other words are not", () => {
  const words = [
    "fatal: sha1 file '/x' write error. Out of diskspace", "error: unable to write file: No space left on device", "ENOSPC: no space left on device, write", "EDQUOT: disk quota exceeded, open",
    "Commit failed: Read-only file system", "EROFS: read-only file system, open '/s'", "EIO: i/o error, fsync", "fatal: write error: Input/output error", "fatal: EIOU is not a valid object name",
  ];
  expect(words.map(diskCode)).toEqual(["store.no_space", "store.no_space", "store.no_space", "store.no_space", "store.read_only", "store.read_only", "store.commit", "store.commit", null]);
});
