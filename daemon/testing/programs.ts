/**
 * The programs that tests start. Some thousand times a run starts one from more than 800 modules, which is most of its time: `npm test` makes
 * each into one file first, in a folder laid out as a package is, and names it. Whoever runs one file with `bun test` starts the source.
 */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BUNDLES, ships, SOURCE_FILES, SOURCE_FOLDERS } from "../deb/layout.ts";

const PROJECT = join(import.meta.dir, "../..");
const STAMP = "made-of";
/** The programs are run by other users too. */
const FOLDER_MODE = 0o755;

/** Digest of name, size and time of every file that ships: cheap enough for each test file to ask whether a bundle is of this very source. */
export function stampOf(project: string): string {
  const hash = createHash("sha256");
  const walk = (path: string): void => {
    const stat = statSync(join(project, path));
    if (!stat.isDirectory()) return void hash.update(`${path}\0${stat.size}\0${stat.mtimeMs}\0`);
    for (const name of readdirSync(join(project, path)).sort()) if (ships(`${path}/${name}`)) walk(`${path}/${name}`);
  };
  for (const path of [...SOURCE_FOLDERS, ...SOURCE_FILES]) walk(path);
  return hash.digest("hex");
}

/** Fills `folder`, which lies in the project. A source that changes meanwhile makes another stamp, so nobody starts what was made. */
export async function makePrograms(folder: string, project = PROJECT): Promise<void> {
  const { bundlePrograms } = await import("../deb/bundle.ts");
  const stamp = stampOf(project);
  mkdirSync(folder, { mode: FOLDER_MODE });
  for (const path of [...SOURCE_FOLDERS, ...SOURCE_FILES]) cpSync(join(project, path), join(folder, path), { recursive: true, filter: (source) => source === join(project, path) || ships(source) });
  for (const name of ["node_modules", ".toolchain"]) symlinkSync(join(project, name), join(folder, name));
  await bundlePrograms(join(folder, BUNDLES), folder);
  writeFileSync(join(folder, STAMP), stamp);
}

/** What `source` is started by: its bundle in `folder`, where one of this very source lies there. */
export function programs(folder: string, project = PROJECT): { readonly cli: string; readonly maestrod: string; readonly worker: string } {
  const bundled = folder !== "" && readFileSync(join(folder, STAMP), "utf8") === stampOf(project);
  const at = (name: string, source: string): string => (bundled ? join(folder, BUNDLES, `${name}.js`) : join(project, source));
  return { cli: at("maestro", "daemon/cli/main.ts"), maestrod: at("maestrod", "daemon/main.ts"), worker: at("worker", "daemon/gate/worker.ts") };
}

export const { cli: CLI, maestrod: MAESTROD, worker: WORKER } = programs(Bun.env["MAESTRO_TEST_PROGRAMS"] ?? "");

if (import.meta.main) {
  const { values } = parseArgs({ args: Bun.argv.slice(2), options: { out: { type: "string" } }, strict: true });
  await makePrograms(values.out ?? "");
}
