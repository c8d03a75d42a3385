/** What lies in a state folder that nobody will ever look for or remove. */
import { readdirSync } from "node:fs";

const HEX = "[0-9a-f]{38,64}";
/** What a folder of two verdicts holds, by path below it. */
const KEPT: readonly RegExp[] = [
  /^(?:lock|machine|trust\.json|host-policy\.tar\.gz)$/,
  /^db(?:\/(?:data\.mdb|lock\.mdb|mark|schema))?$/,
  /^keys(?:\/(?:(?:gate|log|root)\.pem|salt\.key|signs-for|sums|trust\.json))?$/,
  /^log(?:\/(?:checkpoint|log\.vkey|tile(?:\/(?:0|entries)(?:\/000\.p(?:\/\d+)?)?)?))?$/,
  new RegExp(`^oci(?:/(?:index\\.json|oci-layout|blobs(?:/sha256(?:/${HEX})?)?))?$`),
  new RegExp(`^repositories(?:/${HEX}(?:/sha(?:1|256)\\.git(?:/(?:HEAD|config|refs(?:/(?:heads|tags))?|objects(?:/(?:info|pack(?:/pack-${HEX}\\.(?:idx|pack|rev))?|[0-9a-f]{2}(?:/${HEX})?))?))?)?)?$`),
];
/** Gone when the next daemon starts, which also knows its machine; or by age: half-written objects lie where retention takes every old file. */
const SWEPT: readonly RegExp[] = [/^(?:incoming|scratch|trees)(?:\/|$)/, /^machine\.new$/, new RegExp(`^repositories/${HEX}/quarantine-`), new RegExp(`^repositories/${HEX}/sha(?:1|256)\\.git/objects/[0-9a-f]{2}/(?:tmp_obj_\\w+|${HEX}\\.\\d+\\.\\d+)$`)];

/** Names below `root` that should not be there, once the folder was opened again. */
export function straysIn(root: string): string[] {
  return readdirSync(root, { recursive: true })
    .map(String)
    .filter((path) => ![...KEPT, ...SWEPT].some((known) => known.test(path)))
    .sort();
}
