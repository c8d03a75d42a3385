/** What the schema cannot say of keyless signing. */
import type { HostConfig } from "../../proto/config.ts";
import { isPrivateWay } from "./operator-table.ts";
import type { Problem } from "./problem.ts";

/** The first thing wrong with it, or null. */
export function keylessProblem({ keyless, modes }: HostConfig): Problem | null {
  if (keyless === undefined) return null;
  if (modes.includes("sealed")) return { path: ["keyless"], because: "mode sealed opens no connection to any network" };
  for (const field of ["fulcio", "rekor", "tsa"] as const) {
    const service = keyless[field];
    if (service !== undefined && !isPrivateWay(service)) return { path: ["keyless", field], because: "must be https, or http on this machine: a token or evidence is sent there" };
  }
  if ((keyless.rekor_version ?? 2) === 2 && keyless.tsa === undefined) return { path: ["keyless", "rekor"], because: "version 2 signs no time, so tsa must stand beside it" };
  return null;
}
