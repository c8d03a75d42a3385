/** What the signature is said to be over: a file, or its digest alone. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { fromHex } from "../../../proto/encoding.ts";
import { Refusal } from "./refusal.ts";

/** Read whole only where the algorithm of the key cannot verify a digest. */
const IN_MEMORY_BYTES_MAX = 512 * 1024 * 1024;

export type HashName = "sha256" | "sha384" | "sha512";

export interface Artifact {
  readonly sha256: Buffer;
  /** Null where only its SHA-256 is known. */
  digest(hash: HashName): Promise<Buffer | null>;
  /** Null where only its digest is known. */
  bytes(): Buffer | null;
}

const DIGEST = /^sha256:([0-9a-f]{64})$/i;

async function hashOf(path: string, hash: HashName): Promise<Buffer> {
  const hasher = createHash(hash);
  try {
    for await (const chunk of createReadStream(path)) hasher.update(chunk as Buffer);
  } catch (cause) {
    throw new Refusal("artifact.unreadable", `${path} cannot be read`, { cause });
  }
  return hasher.digest();
}

function wholeFile(path: string): Buffer {
  const { size } = statSync(path);
  if (size > IN_MEMORY_BYTES_MAX) throw new Refusal("artifact.unreadable", `the key's algorithm takes the whole file, which has ${size} bytes, limit ${IN_MEMORY_BYTES_MAX}`);
  return readFileSync(path);
}

/** As the conformance protocol has it: `sha256:` and 64 hex digits that are no path on disk are a digest, anything else is a file. */
export async function openArtifact(file_or_digest: string): Promise<Artifact> {
  const hex = existsSync(file_or_digest) ? undefined : DIGEST.exec(file_or_digest)?.[1]?.toLowerCase();
  if (hex !== undefined) {
    const sha256 = Buffer.from(fromHex(hex) ?? []);
    return { sha256, digest: (hash) => Promise.resolve(hash === "sha256" ? sha256 : null), bytes: () => null };
  }
  const sha256 = await hashOf(file_or_digest, "sha256");
  return { sha256, digest: (hash) => (hash === "sha256" ? Promise.resolve(sha256) : hashOf(file_or_digest, hash)), bytes: () => wholeFile(file_or_digest) };
}
