/** Where `maestro models setup` puts the engines, and this daemon looks for them. */
import { existsSync } from "node:fs";

const IN_CLONE = Bun.fileURLToPath(new URL("../../../.toolchain", import.meta.url));
const IN_PACKAGE = Bun.fileURLToPath(new URL("../../../engine", import.meta.url));

/** Beside the other tools of a clone; of a package in its own folder, where root alone writes. */
export const engineFolderOf = (configured: string | undefined): string => configured ?? (existsSync(IN_CLONE) ? `${IN_CLONE}/engine` : IN_PACKAGE);
