import type { Static } from "@sinclair/typebox";
import { Base64, Closed, Count, Fingerprint, Sha256Hex, ShortText, Timestamp } from "../scalar.ts";

/** A log goes on under another key: an entry of the log itself says so. */
export const ROTATION_PREDICATE = "urn:maestro:predicate:log-rotation:v1";

const LogKey = Closed({ fingerprint: Fingerprint, public_key: Base64 });

/** What both log keys sign, so that neither can be given away or taken: see `rotationSignedBytes`. */
export const RotationTerms = Closed({
  origin: ShortText,
  size: Count,
  root: Sha256Hex,
  old_key: LogKey,
  new_key: LogKey,
  at: Timestamp,
});
export type RotationTerms = Static<typeof RotationTerms>;

export const RotationPredicate = Closed({
  terms: RotationTerms,
  old_signature: Base64,
  new_signature: Base64,
});
export type RotationPredicate = Static<typeof RotationPredicate>;
