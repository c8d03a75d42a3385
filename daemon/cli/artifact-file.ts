/** The file that is released or deployed, by its content. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import type { ShippedArtifact } from "../../proto/shipping.ts";

/** Read in pieces: an image may be larger than the memory. Throws `cli.usage`. */
export async function artifactAt(path: string): Promise<ShippedArtifact> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(piece);
      bytes += piece.length;
    }
  } catch (error) {
    throw new MaestroError("cli.usage", `${path} cannot be read`, { cause: error });
  }
  return { name: basename(path), sha256: hash.digest("hex"), bytes };
}
