/** The `maestro.yaml` files above a path of this work tree, the root's first. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import type { RequestOf } from "../../proto/routes.ts";
import { gitIn, locate } from "../client/worktree.ts";

const NAME = "maestro.yaml";

/** The path need not be there. Throws `cli.usage` for one outside the repository, and what finding the repository throws. */
export function filesAbove(path: string): RequestOf<"effectiveConfig"> {
  const { top } = locate(".", gitIn("."));
  const inside = relative(top, resolve(realpathSync("."), path));
  if (inside === "" || inside.startsWith("..")) throw new MaestroError("cli.usage", `${path} is no file below ${top}`);
  const parts = inside.split("/").slice(0, -1);
  const folders = ["", ...parts.map((_, at) => parts.slice(0, at + 1).join("/"))];
  const files = folders.flatMap((folder) => {
    const file = join(top, folder, NAME);
    return existsSync(file) ? [{ folder, text: readFileSync(file, "utf8") }] : [];
  });
  return { path: inside, files };
}
