import { Type, type Static } from "@sinclair/typebox";
import { SigstoreBundle } from "./attestation.ts";
import { Card } from "./card.ts";
import { DOCUMENTS_MAX, TravellingDocument } from "./document.ts";
import { Manifest } from "./manifest.ts";
import { RangeProofs } from "./range.ts";
import { Closed } from "./scalar.ts";

export const BUNDLE_MEDIA_TYPE = "application/vnd.maestro.evidence.v1+json";

/**
 * Everything an auditor needs, as one canonical JSON document. Every field is
 * signed, or hashed into something signed, or checked against the key: a
 * changed byte is refused. A field that is optional came later, and bundles without
 * it stay as they are.
 */
export const Bundle = Closed({
  type: Type.Literal("maestro.bundle"),
  v: Type.Literal(1),
  attestations: Type.Array(SigstoreBundle, { minItems: 1, maxItems: 64, description: "first the obligations; the others say more of the same gate, each with its own log entry" }),
  manifest: Manifest,
  card: Type.Union([Card, Type.Null()], { description: "held by the leaf document/card; null where hidden" }),
  documents: Type.Optional(Type.Array(TravellingDocument, { minItems: 1, maxItems: DOCUMENTS_MAX, description: "sorted by name" })),
  range_proofs: Type.Optional(RangeProofs),
});
export type Bundle = Static<typeof Bundle>;
