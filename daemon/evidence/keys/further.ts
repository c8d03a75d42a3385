/** Keys that a node makes once it is told to do what needs them: beside the first ones, and summed like them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readPrivateFile, replacePrivateFile } from "./files.ts";
import { generatePrivateKey, signerFromPem, type Signer } from "./signer.ts";
import { writeSums, type FurtherKey } from "./sums.ts";

/** The Ed25519 key of that name in the folder of keys, which is open already; made where it is not there. Throws `evidence.keys`. */
export function furtherKey(folder: string, name: FurtherKey): Signer {
  const path = join(folder, name);
  if (!existsSync(path)) {
    replacePrivateFile(path, generatePrivateKey("ed25519"));
    writeSums(folder);
  }
  return signerFromPem("ed25519", new TextDecoder().decode(readPrivateFile(path)), name);
}
