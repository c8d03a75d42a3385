/** Which agents work here, and which program their hooks start. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import type { AgentTarget } from "./targets.ts";

const LAUNCHERS = [Bun.fileURLToPath(new URL("../../../.toolchain/bin/maestro", import.meta.url)), "/usr/bin/maestro"];

/** The program to type where none was named; null where this is no installation. */
export const launcherPath = (): string | null => LAUNCHERS.find((path) => existsSync(path)) ?? Bun.which("maestro");

/** A path that exists: hooks that start nothing guard nothing. Throws `cli.usage`. */
export function wrapperPath(given: string | undefined): string {
  if (given !== undefined) {
    const path = given.startsWith("/") ? given : Bun.which(given);
    if (path === null || !existsSync(path)) throw new MaestroError("cli.usage", `--wrapper ${given} is not there`);
    return given;
  }
  const found = launcherPath();
  if (found === null) throw new MaestroError("cli.usage", "no launcher of Maestro is found; name one with --wrapper");
  return found;
}

export function isFound(root: string, { signs }: AgentTarget, home = homedir()): boolean {
  return signs.repository.some((path) => existsSync(join(root, path))) || signs.programs.some((name) => Bun.which(name) !== null) || (home !== "" && signs.home.some((path) => existsSync(join(home, path))));
}
