/** Which code the checks are: an answer of another version is asked for again, also where nobody raised the version's number. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = Bun.fileURLToPath(new URL("../../..", import.meta.url));
/** Everything a built-in check can reach, with the packages it is built on. A package has the source beside its programs. */
const SOURCES = ["daemon/gate/**/*.ts", "daemon/checking/**/*.ts", "daemon/commands/**/*.ts", "daemon/findings/**/*.ts", "daemon/config/**/*.ts", "daemon/platform/**/*.ts", "daemon/analysis/**/*.ts", "daemon/invariants/**/*.ts", "proto/**/*.ts", "bun.lock"];

let digest: string | null = null;

/** Read once, for the first gate. */
export function checkCode(): string {
  if (digest !== null) return digest;
  // Globs and regular expressions are the runtime's.
  const hasher = new Bun.CryptoHasher("sha256").update(`${Bun.version} ${Bun.revision}\0`);
  const files = SOURCES.flatMap((pattern) => [...new Bun.Glob(pattern).scanSync({ cwd: ROOT })]).filter((path) => !path.endsWith(".test.ts"));
  for (const path of files.toSorted()) {
    const bytes = readFileSync(join(ROOT, path));
    hasher.update(`${path.length}:${path}${bytes.length}:`);
    hasher.update(bytes);
  }
  return (digest = hasher.digest("hex"));
}
