/** Tool chains every host offers, unless its file says otherwise under the same name. */
import { existsSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import type { ToolMounts } from "../../proto/command.ts";

/** In every sandbox, asked for or not: no program runs without its loader and libraries. */
export const SYSTEM_MOUNT = "system";

/** Programs and libraries of the machine; none of these folders holds a user's data, and /etc is not among them. */
const SYSTEM_FOLDERS = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives"] as const;

/** `execPath` is the Bun that runs the daemon. */
export function defaultMounts(execPath: string): ToolMounts {
  const folders = SYSTEM_FOLDERS.filter((folder) => existsSync(folder)).map((folder) => ({ host: folder, inside: folder }));
  const bun = dirname(realpathSync(execPath));
  return {
    [SYSTEM_MOUNT]: { folders, path: ["/usr/local/bin", "/usr/bin", "/bin"] },
    bun: { folders: [{ host: bun, inside: "/opt/bun" }], path: ["/opt/bun"] },
  };
}
