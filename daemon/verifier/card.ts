import { sha256 } from "@noble/hashes/sha2.js";
import type { ObligationsPredicate } from "../../proto/attestation.ts";
import { canonicalBytes, canonicalText } from "../../proto/canonical.ts";
import type { Card } from "../../proto/card.ts";
import { toHex } from "../../proto/encoding.ts";
import { CARD_LEAF, compareCoordinates, signedReasons } from "./leaves.ts";
import type { OpenManifest } from "./manifest.ts";
import { pass, stop, type Step } from "./step.ts";

/** SHA-256 of a card's canonical bytes, as its leaf holds it. */
export const cardDigest = (card: Card): string => toHex(sha256(canonicalBytes(card)));

/** The fields of a card that the signed statement also says. */
function signedView(card: Card): unknown {
  const { gate_id, attempt, mode, verdict, repository, target_ref, base, head } = card;
  return { gate_id, attempt, mode, verdict, repository, target_ref, base, head, policy: card.policy.id, reasons: signedReasons(card.reasons), releases: card.releases ?? null };
}

function statementView({ gate_id, identity, attempt, mode, verdict, reasons, releases = undefined }: ObligationsPredicate): unknown {
  const { repo_id, target_ref, base, head, policy } = identity;
  return { gate_id, attempt: attempt.attempt, mode, verdict, repository: repo_id, target_ref, base, head, policy, reasons, releases: releases ?? null };
}

/** A card is there exactly when its leaf is shown, hashes to it, and says nothing the statement does not. */
export function checkCard(card: Card | null, manifest: OpenManifest, predicate: ObligationsPredicate): Step<null> {
  let digest: string | null | undefined;
  for (const leaf of manifest.shown.values()) {
    if (leaf.kind !== "identity" && compareCoordinates(leaf, CARD_LEAF) === 0) digest = leaf.source_sha256;
  }
  if (card === null) return digest === undefined ? pass(null) : stop("card.mismatch", "the card is missing although its leaf is shown");
  if (digest !== cardDigest(card)) return stop("card.mismatch", "the card is not the one its leaf names");
  if (canonicalText(signedView(card)) !== canonicalText(statementView(predicate))) {
    return stop("card.mismatch", "the card says something else than the signed statement");
  }
  return pass(null);
}
