import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { writeFile } from "../write-file.ts";

export type Files = ReadonlyMap<string, string | Uint8Array>;

/** Writes a set of files into a folder that is new or empty, so that nothing from before is taken for one of them. Throws `cli.usage`, `store.no_space`. */
export function writeFolder(folder: string, files: Files): void {
  if (existsSync(folder) && readdirSync(folder).length > 0) throw new MaestroError("cli.usage", `${folder} is not empty; name a new folder, or remove that one yourself`);
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of files) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFile(path, content, 0o644, "remove the folder before you try again");
  }
}
