import { Bundle } from "../../proto/bundle.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import { toHex } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { LeafSlot } from "../../proto/manifest.ts";
import { tellsLeaf } from "./attestations.ts";
import { documentLeaf } from "./documents.ts";
import { CARD_LEAF, compareCoordinates, hashLeaf, leafAnswersTo, leafBytes, type Coordinates } from "./leaves.ts";
import { BUNDLE_LIMITS } from "./limits.ts";
import { readDocument } from "./schema.ts";

/**
 * The same bundle with the named leaves replaced by their hashes. A hidden
 * leaf takes everything it speaks for with it: its value, its digests, and
 * for the card's leaf the card, for a document's the document, and every
 * attestation that tells what it told. Needs no key; the signature still holds.
 * Throws `bundle.malformed`, and `request.not_found` for a name that no shown
 * leaf answers to or that may not be hidden.
 */
export function hideLeaves(bundleBytes: Uint8Array, names: readonly string[]): Uint8Array {
  const document = readDocument(Bundle, bundleBytes, BUNDLE_LIMITS);
  if ("because" in document) throw new MaestroError("bundle.malformed", document.because);
  const bundle = document.value;
  const found = new Set<string>();
  const hidden: Coordinates[] = [];
  let { card, documents = [], range_proofs = [] } = bundle;
  const leaves = bundle.manifest.leaves.map((slot): LeafSlot => {
    if (!("leaf" in slot)) return slot;
    const { leaf } = slot;
    const answered = names.filter((name) => leafAnswersTo(leaf, name));
    if (answered.length === 0) return slot;
    if (leaf.kind === "identity") throw new MaestroError("request.not_found", "the identity leaf says what the evidence is about and stays");
    for (const name of answered) found.add(name);
    hidden.push(leaf);
    if (compareCoordinates(leaf, CARD_LEAF) === 0) card = null;
    documents = documents.filter(({ name }) => compareCoordinates(leaf, documentLeaf(name)) !== 0);
    return { hash: toHex(hashLeaf(leafBytes(leaf))) };
  });
  const missing = names.find((name) => !found.has(name));
  if (missing !== undefined) throw new MaestroError("request.not_found", `no shown leaf is called ${missing}`);
  const { documents: _, range_proofs: _proofs, ...rest } = bundle;
  // A proof that still speaks of some shown number stays, so that it can be said why that one is not proved here.
  range_proofs = range_proofs.filter((one) => one.leaves.some((index) => "leaf" in (leaves[index] ?? {})));
  const [first, ...further] = bundle.attestations;
  const attestations = first === undefined ? [] : [first, ...further.filter((attestation) => !hidden.some((leaf) => tellsLeaf(attestation, leaf)))];
  return canonicalBytes({ ...rest, attestations, card, manifest: { ...bundle.manifest, leaves }, ...(documents.length === 0 ? {} : { documents }), ...(range_proofs.length === 0 ? {} : { range_proofs }) });
}
