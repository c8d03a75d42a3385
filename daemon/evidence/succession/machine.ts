/** The state folder remembers which machine it lives on. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { replacePrivateFile } from "../keys/files.ts";

const FILE = "machine";

const checkOf = (digest: string): string => createHash("sha256").update(digest).digest("hex").slice(0, 16);

export function rememberMachine(state_dir: string, digest: string): void {
  replacePrivateFile(join(state_dir, FILE), `${digest} ${checkOf(digest)}\n`);
}

/** `null` where no machine is on record. Throws `store.corrupt` for a damaged file: a flipped bit must not look like another machine. */
export function rememberedMachine(state_dir: string): string | null {
  const path = join(state_dir, FILE);
  if (!existsSync(path)) return null;
  const [, digest = "", check] = /^([0-9a-f]{64}) ([0-9a-f]{16})\n$/.exec(readFileSync(path, "utf8")) ?? [];
  if (check !== checkOf(digest)) throw new MaestroError("store.corrupt", `${path} is damaged; remove it if this folder was always on this machine, otherwise run maestro clone-identity`);
  return digest;
}
