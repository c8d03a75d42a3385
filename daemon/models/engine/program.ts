/** Where the program of a worker lies. */
import { existsSync } from "node:fs";

/** A package holds each worker in one file; a clone, whose source may change, does not. */
export function programOf(bundle: `${string}.js`, source: URL): string {
  const bundled = Bun.fileURLToPath(new URL(`../../../run/${bundle}`, import.meta.url));
  return existsSync(bundled) ? bundled : Bun.fileURLToPath(source);
}
