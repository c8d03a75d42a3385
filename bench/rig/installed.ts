/** The programs as a package holds them: one file each, made from this source. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { bundlePrograms } from "../../daemon/deb/bundle.ts";

const ROOT = join(import.meta.dir, "../..");

export interface Installed {
  readonly maestro: string;
  readonly maestrod: string;
  remove(): void;
}

/** Made anew, so that it is never older than the source; in the project, whose packages it asks for. */
export async function installed(): Promise<Installed> {
  const folder = join(ROOT, ".toolchain", `run-${process.pid}`);
  await bundlePrograms(folder);
  return { maestro: join(folder, "maestro.js"), maestrod: join(folder, "maestrod.js"), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
