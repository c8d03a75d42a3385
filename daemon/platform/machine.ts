/** Which machine this is: a copied disk wakes up with another one's identity. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { arch, availableParallelism, release } from "node:os";

const PATH = "/etc/machine-id";

/** A digest of machine-id(5), which itself is not to be shown around; `null` where the machine has none. */
export function machineDigest(path = PATH): string | null {
  let id: string;
  try {
    id = readFileSync(path, "utf8").trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "EACCES")) return null;
    throw error;
  }
  // `uninitialized` stands there on a first boot; an image that was never booted has an empty file.
  return /^[0-9a-f]{32}$/.test(id) ? createHash("sha256").update(`maestro/v1/machine\0${id}`).digest("hex") : null;
}

/** What of this machine any program sees: its kernel, and how many processors there are. */
export const machineKind = (): string => `${arch()} ${release()} ${availableParallelism()}`;
