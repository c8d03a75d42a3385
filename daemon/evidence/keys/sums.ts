/** A key with a flipped bit is still a key, and a salt with one is still a salt: only a digest beside them tells. */
import { createHash } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { readPrivateFile, replacePrivateFile } from "./files.ts";

/** `trust.json` is signed and needs no digest; it may also be exchanged for the operator's. */
const SUMMED = ["gate.pem", "log.pem", "root.pem", "salt.key"] as const;
/** Made later than the folder, and taken away by whoever wants another one. */
const FURTHER = ["witness.pem"] as const;
export type FurtherKey = (typeof FURTHER)[number];
const FILE = "sums";

function lineOf(folder: string, name: string): string {
  return `${createHash("sha256").update(readPrivateFile(join(folder, name))).digest("hex")}  ${name}\n`;
}

/** As `sha256sum` prints it. The root key may have been taken to a safer place. */
const sumsOf = (folder: string): string => [...SUMMED, ...FURTHER].filter((name) => existsSync(join(folder, name))).map((name) => lineOf(folder, name)).join("");

/** A line of a key that is no longer there by somebody's will, or of one made later than the file, for which it has none yet. */
function without(lines: string, names: readonly string[]): string {
  return lines.split(/(?<=\n)/).filter((line) => !names.some((name) => line.endsWith(`  ${name}\n`))).join("");
}

/** For a node whose keys are another one's from now on. */
export function forgetFurther(folder: string): void {
  for (const name of FURTHER) rmSync(join(folder, name), { force: true });
}

export function writeSums(folder: string): void {
  replacePrivateFile(join(folder, FILE), sumsOf(folder));
}

/**
 * Throws `evidence.keys` where a private file is not what it was. A folder of an older version gets its digests now. A root key
 * taken away is no damage, nor is a further one: then its line is the only one that does not match.
 */
export function checkSums(folder: string): void {
  if (!existsSync(join(folder, FILE))) return writeSums(folder);
  const written = new TextDecoder().decode(readPrivateFile(join(folder, FILE)));
  // One killed while it made a further key has the key and not yet its line.
  const unsummed = FURTHER.filter((name) => existsSync(join(folder, name)) && !written.includes(`  ${name}\n`));
  const gone = ["root.pem", ...FURTHER].filter((name) => !existsSync(join(folder, name)));
  if (without(sumsOf(folder), unsummed) !== without(written, gone)) throw new MaestroError("evidence.keys", `${folder}: a key is not what it was when it was made (${FILE}); restore the folder from a backup made with keys`);
  if (unsummed.length > 0) writeSums(folder);
}
