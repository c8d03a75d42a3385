/** Tells by their content what the files are that somebody dropped; what they are worth is the verifier's to say. */
import { sha256 } from "@noble/hashes/sha2.js";
import { fromUtf8Lossy } from "../../../proto/encoding.ts";
import { BUNDLE_LIMITS } from "../../verifier/limits.ts";
import { looksLikeSigstore } from "../../verifier/sigstore.ts";

/** A file or a pasted text. `blob.slice` and `blob.arrayBuffer` are what both have. */
export interface Given {
  readonly name: string;
  readonly blob: Pick<Blob, "size" | "arrayBuffer" | "slice" | "stream">;
  /** An earlier answer spoke of it. */
  readonly known?: boolean;
}

const KINDS = {
  bundle: "evidence bundle",
  shipment: "release of an artifact",
  trust: "trust file",
  sigstore: "Sigstore bundle",
  key: "public key",
  trusted_root: "Sigstore trusted root",
  leaf: "leaf with its inclusion proof",
  checkpoints: "second checkpoint",
  opening: "opening of a hidden number",
  bounds: "configuration with bounds",
  artifact: "artifact",
  too_large: "too large",
  unreadable: "cannot be read",
} as const;
export type Kind = keyof typeof KINDS;
export const kindText = (kind: Kind): string => KINDS[kind];

export const INPUT_LIMITS = { files_max: 32, bytes_max: BUNDLE_LIMITS.bytes_max, artifact_bytes_max: 8 * 1024 * 1024 * 1024 } as const;

const HEAD_BYTES = 64 * 1024;
const TAIL_BYTES = 4 * 1024;

/**
 * Our files have their fields in order, so a kind shows at the start or at the end, also where an editor has laid them out anew: they are
 * refused then, by the verifier and in its words. Other people's files show their kind early.
 */
const SIGNS: readonly (readonly [Kind, (head: string, tail: string) => boolean])[] = [
  ["bundle", (head, tail) => /^\{\s*"(?:attestations|earlier)"\s*:\s*\[/.test(head) || /"type"\s*:\s*"maestro\.(?:evidence-)?bundle"\s*,\s*"v"\s*:\s*[0-9]+\s*\}\s*$/.test(tail)],
  ["shipment", (head, tail) => /^\{\s*"gates"\s*:\s*\[/.test(head) || /"type"\s*:\s*"maestro\.shipment-bundle"\s*,\s*"v"\s*:\s*[0-9]+\s*\}\s*$/.test(tail)],
  ["trust", (head, tail) => /^\{\s*"body"\s*:\s*\{\s*"keys"\s*:/.test(head) || /"type"\s*:\s*"maestro\.trust"\s*,\s*"v"\s*:\s*[0-9]+\s*\}\s*$/.test(tail)],
  ["opening", (head) => head.includes('"type":"maestro.opening"')],
  ["bounds", (head, tail) => head.startsWith('{"body":') && /"type":"config","v":[0-9]+\}\s*$/.test(tail)],
  ["trusted_root", (head) => head.includes("application/vnd.dev.sigstore.trustedroot")],
  ["sigstore", (head, tail) => head.startsWith("{") && (looksLikeSigstore(head) || looksLikeSigstore(tail) || head.startsWith('{"dsseEnvelope"'))],
  ["key", (head) => head.includes("-----BEGIN PUBLIC KEY-----")],
  ["leaf", (head) => /"leaf_hash"\s*:\s*"[0-9a-f]{64}"/.test(head) && head.includes('"proof"')],
  ["checkpoints", (head) => /^old (?:0|[1-9][0-9]{0,15})\n/.test(head) || /^[^\n]{1,300}\n(?:0|[1-9][0-9]{0,15})\n[A-Za-z0-9+/]{43}=\n/.test(head)],
];

export function kindOf(head: string, tail: string): Kind {
  return SIGNS.find(([, fits]) => fits(head, tail))?.[0] ?? "artifact";
}

/** A file with what it was taken for. Of an artifact that no bundle could be as large as, only the digest is kept. */
export interface Input {
  readonly name: string;
  readonly size: number;
  readonly kind: Kind;
  readonly bytes: Uint8Array;
  readonly sha256: Uint8Array | null;
  readonly known: boolean;
}

const EMPTY = new Uint8Array(0);

async function digestOf(blob: Given["blob"]): Promise<Uint8Array> {
  const hash = sha256.create();
  const reader = blob.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return hash.digest();
    hash.update(value);
  }
}

const textOf = async (blob: Pick<Blob, "arrayBuffer">): Promise<string> => fromUtf8Lossy(new Uint8Array(await blob.arrayBuffer()));

/** Reads one file. One that was changed or taken away since it was chosen is unreadable: a browser says so with an exception. */
export async function readInput(given: Given): Promise<Input> {
  try {
    return await read(given);
  } catch (cause) {
    if (cause instanceof Error) return { name: given.name, size: given.blob.size, kind: "unreadable", bytes: EMPTY, sha256: null, known: given.known === true };
    throw cause;
  }
}

/** What a file is taken for; only its ends are read. Throws `DOMException` where it cannot be read any more. */
export async function kindIn(blob: Pick<Blob, "size" | "slice">): Promise<Kind> {
  const { size } = blob;
  const head = await textOf(blob.slice(0, HEAD_BYTES));
  const tail = size <= HEAD_BYTES ? head : await textOf(blob.slice(size - TAIL_BYTES, size));
  return kindOf(head.trimStart(), tail);
}

/** One that is over its limit is not read at all. */
async function read({ name, blob, known = false }: Given): Promise<Input> {
  const { size } = blob;
  const kind = await kindIn(blob);
  const limit = kind === "artifact" ? INPUT_LIMITS.artifact_bytes_max : INPUT_LIMITS.bytes_max;
  if (size > limit) return { name, size, kind: "too_large", bytes: EMPTY, sha256: null, known };
  if (size > INPUT_LIMITS.bytes_max) return { name, size, kind, bytes: EMPTY, sha256: await digestOf(blob), known };
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return { name, size, kind, bytes, sha256: kind === "artifact" ? sha256(bytes) : null, known };
}
