/** The programs as a package holds them: one file each, made from this source. */
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundlePrograms } from "../../daemon/deb/bundle.ts";
import { commandLauncher } from "../../daemon/deb/launcher.ts";
import { BUNDLES } from "../../daemon/deb/layout.ts";

const ROOT = join(import.meta.dir, "../..");

export interface Installed {
  /** `maestro` as it stands on the PATH. */
  readonly command: string;
  /** Its program, for Bun. */
  readonly maestro: string;
  readonly maestrod: string;
  remove(): void;
}

/** Made anew, so that it is never older than the source; in the project, whose packages it asks for. */
export async function installed(): Promise<Installed> {
  const home = join(ROOT, ".toolchain", `installed-${process.pid}`);
  const [programs, command] = [join(home, BUNDLES), join(home, "maestro")];
  await bundlePrograms(programs);
  symlinkSync(process.execPath, join(home, "bun"));
  writeFileSync(command, commandLauncher(home), { mode: 0o755 });
  return { command, maestro: join(programs, "maestro.js"), maestrod: join(programs, "maestrod.js"), remove: () => rmSync(home, { recursive: true, force: true }) };
}
