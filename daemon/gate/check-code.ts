/** Which code the checks are: an answer of another version is asked for again, also where nobody raised the version's number. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = new URL("../..", import.meta.url).pathname;
/** Everything a built-in check can reach in a clone, with the packages it is built on. */
const SOURCES = ["daemon/gate/**/*.ts", "daemon/checking/**/*.ts", "daemon/commands/**/*.ts", "daemon/findings/**/*.ts", "daemon/config/**/*.ts", "daemon/platform/**/*.ts", "proto/**/*.ts", "bun.lock"];
/** In a package, where a program is one file. */
const PROGRAMS = ["*.js"];

let digest: string | null = null;

/** Read once, for the first gate. */
export function checkCode(): string {
  if (digest !== null) return digest;
  const clone = existsSync(join(ROOT, "daemon/gate/checks"));
  const root = clone ? ROOT : import.meta.dir;
  const hasher = new Bun.CryptoHasher("sha256");
  const files = (clone ? SOURCES : PROGRAMS).flatMap((pattern) => [...new Bun.Glob(pattern).scanSync({ cwd: root })]).filter((path) => !path.endsWith(".test.ts"));
  for (const path of files.toSorted()) {
    const bytes = readFileSync(join(root, path));
    hasher.update(`${path.length}:${path}${bytes.length}:`);
    hasher.update(bytes);
  }
  return (digest = hasher.digest("hex"));
}
