/** A tool chain of a few programs, in place of the whole machine's: small enough to be looked through for each gate, and to be changed by a test. */
import { copyFileSync, cpSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ToolMounts } from "../../../proto/command.ts";

const PROGRAMS = ["sh", "cat", "ls"];

function copied(from: string, root: string, to = from): void {
  mkdirSync(dirname(join(root, to)), { recursive: true });
  copyFileSync(from, join(root, to));
}

/** Programs in `/bin`, their libraries where they are linked for; all below `root`. */
export function smallSystem(root: string): ToolMounts {
  for (const name of PROGRAMS) {
    const path = Bun.which(name);
    if (path === null) throw new Error(`${name} is not installed`);
    copied(path, root, `/bin/${name}`);
    const { stdout } = Bun.spawnSync(["ldd", path]);
    for (const [library] of stdout.toString().matchAll(/\/[^\s]+\.so[^\s]*/g)) copied(library, root);
  }
  const folders = ["/bin", "/lib", "/lib64", "/usr"].filter((inside) => existsSync(join(root, inside))).map((inside) => ({ host: join(root, inside), inside }));
  return { system: { folders, path: ["/bin"] } };
}

/** Another file of the same name, size and content: what a package manager or an editor leaves. */
export function replaced(path: string): void {
  cpSync(path, `${path}.new`);
  Bun.spawnSync(["mv", `${path}.new`, path]);
}
