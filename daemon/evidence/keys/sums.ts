/** A key with a flipped bit is still a key, and a salt with one is still a salt: only a digest beside them tells. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { readPrivateFile, replacePrivateFile } from "./files.ts";

/** `trust.json` is signed and needs no digest; it may also be exchanged for the operator's. */
const SUMMED = ["gate.pem", "log.pem", "root.pem", "salt.key"] as const;
const FILE = "sums";

function lineOf(folder: string, name: string): string {
  return `${createHash("sha256").update(readPrivateFile(join(folder, name))).digest("hex")}  ${name}\n`;
}

/** As `sha256sum` prints it. The root key may have been taken to a safer place. */
const sumsOf = (folder: string): string => SUMMED.filter((name) => existsSync(join(folder, name))).map((name) => lineOf(folder, name)).join("");

export function writeSums(folder: string): void {
  replacePrivateFile(join(folder, FILE), sumsOf(folder));
}

/**
 * Throws `evidence.keys` where a private file is not what it was. A folder of an older version gets its digests now. A root key
 * taken away is no damage, as its line is then the only one that does not match.
 */
export function checkSums(folder: string): void {
  if (!existsSync(join(folder, FILE))) return writeSums(folder);
  const written = new TextDecoder().decode(readPrivateFile(join(folder, FILE)));
  const found = sumsOf(folder);
  const rootless = existsSync(join(folder, "root.pem")) ? written : written.split(/(?<=\n)/).filter((line) => !line.endsWith("  root.pem\n")).join("");
  if (found !== rootless) throw new MaestroError("evidence.keys", `${folder}: a key is not what it was when it was made (${FILE}); restore the folder from a backup made with keys`);
}
