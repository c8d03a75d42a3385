import { sha256 } from "@noble/hashes/sha2.js";
import { DOCUMENT_BYTES_MAX, documentMediaType, DOCUMENTS_BYTES_MAX, type TravellingDocument } from "../../proto/document.ts";
import { fromBase64, toHex } from "../../proto/encoding.ts";
import type { ObligationLeaf } from "../../proto/manifest.ts";
import type { Verification } from "../../proto/verification.ts";
import { CARD_LEAF, compareCoordinates, type Coordinates } from "./leaves.ts";
import type { OpenManifest } from "./manifest.ts";
import { pass, stop, type Step } from "./step.ts";

export type ProvenDocument = Verification["documents"][number];

export const documentLeaf = (name: string): Coordinates => ({ ...CARD_LEAF, name });

function leafOf({ shown }: OpenManifest, name: string): ObligationLeaf | undefined {
  for (const leaf of shown.values()) if (leaf.kind !== "identity" && compareCoordinates(leaf, documentLeaf(name)) === 0) return leaf;
  return undefined;
}

function prove({ name, media_type, content }: TravellingDocument, manifest: OpenManifest): Step<ProvenDocument> {
  // The card travels as the card: its name has no ending, so it is refused here.
  if (media_type !== documentMediaType(name)) return stop("document.mismatch", `${name} is not called what a document of ${media_type.slice(0, 64)} is called`);
  const bytes = fromBase64(content);
  if (bytes === null || bytes.length > DOCUMENT_BYTES_MAX) return stop("document.mismatch", `${name} has more than ${DOCUMENT_BYTES_MAX} bytes`);
  const digest = toHex(sha256(bytes));
  if (leafOf(manifest, name)?.source_sha256 !== digest) return stop("document.mismatch", `no shown leaf holds the digest of ${name}`);
  return pass({ name, media_type, sha256: digest, bytes: bytes.length });
}

/** Every document that travels is the one its shown leaf names, once, in the order of the names. */
export function checkDocuments(documents: readonly TravellingDocument[], manifest: OpenManifest): Step<ProvenDocument[]> {
  const proven: ProvenDocument[] = [];
  let left = DOCUMENTS_BYTES_MAX;
  for (const document of documents) {
    const before = proven.at(-1);
    if (before !== undefined && before.name >= document.name) return stop("document.mismatch", `${document.name} is out of order or there twice`);
    const checked = prove(document, manifest);
    if (!checked.ok) return checked;
    left -= checked.value.bytes;
    if (left < 0) return stop("document.mismatch", `the documents have more than ${DOCUMENTS_BYTES_MAX} bytes together`);
    proven.push(checked.value);
  }
  return pass(proven);
}
