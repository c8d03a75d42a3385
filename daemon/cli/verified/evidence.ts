/** `maestro verify` of evidence: a bundle as a gate gives it out, or everything about a gate in one file. */
import { createHash } from "node:crypto";
import { Bundle } from "../../../proto/bundle.ts";
import { canonicalBytes, canonicalText } from "../../../proto/canonical.ts";
import { EvidenceBundle, type EvidenceVerification } from "../../../proto/evidence-bundle.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Verification } from "../../../proto/verification.ts";
import { verifyBundle, type VerifyOptions } from "../../verifier/index.ts";
import { BUNDLE_LIMITS } from "../../verifier/limits.ts";
import { readDocument } from "../../verifier/schema.ts";
import { openTrust } from "../../verifier/trust.ts";
import { EVIDENCE_LIMITS, isEvidenceBundle, verifyEvidenceBundle } from "../../verifier/whole/index.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { describeVerification } from "../verification.ts";
import { chain } from "./chain.ts";
import { isVerified, screen } from "./screen.ts";

export interface JudgedEvidence {
  readonly verification: Verification;
  /** `null` for a bundle by itself. */
  readonly whole: EvidenceVerification | null;
  /** The gate's own bundle, with the receipts that were verified. */
  readonly bundle: Uint8Array;
  /** Only where all of it verified. */
  readonly opened: EvidenceBundle | null;
}

export const sha256Hex = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export function judgeEvidence(bytes: Uint8Array, trust_bytes: Uint8Array, options: VerifyOptions): JudgedEvidence {
  const trust = isEvidenceBundle(bytes) ? openTrust(trust_bytes) : null;
  // A trust file that makes no sense is said by the verifier of bundles, whatever it was given for.
  if (trust === null || !trust.ok) return { verification: verifyBundle(bytes, trust_bytes, options), whole: null, bundle: bytes, opened: null };
  const whole = verifyEvidenceBundle(bytes, trust.value, sha256Hex(trust_bytes), options);
  const read = whole.result === "verified" ? readDocument(EvidenceBundle, bytes, EVIDENCE_LIMITS) : null;
  const opened = read !== null && "value" in read ? read.value : null;
  const empty = verifyBundle(new Uint8Array(), trust_bytes, options);
  // What the whole of it came to is what is answered, also where the gate's own part would have stood up.
  const verification = whole.result === "verified" && whole.gate !== null ? whole.gate : { ...empty, result: whole.result, reasons: whole.reasons };
  return { verification, whole, bundle: opened === null ? new Uint8Array() : canonicalBytes(opened.gate.bundle), opened };
}

export function describeEvidence({ verification, whole, bundle }: JudgedEvidence): string {
  if (!isVerified(verification)) return describeVerification(verification);
  const lines = [screen(verification, whole)];
  const { leaf } = verification;
  const read = leaf === null ? null : readDocument(Bundle, bundle, BUNDLE_LIMITS);
  if (leaf !== null && read !== null && "value" in read) lines.push(chain(read.value, verification, leaf), escapeTerminal(canonicalText(leaf)));
  return lines.join("\n");
}

/** By the node's own trust file: that it hangs together, not that anybody else believes it. Witnesses may still be asked. Throws `bundle.malformed`. */
export function requireSound(bytes: Uint8Array, trust: Uint8Array): JudgedEvidence {
  const judged = judgeEvidence(bytes, trust, { now: new Date(), witnesses: "later" });
  const { verification: { result, reasons } } = judged;
  if (result !== "verified") throw new MaestroError("bundle.malformed", `nothing was written: ${reasons.map(({ code, detail }) => `${code}: ${detail}`).join("; ")}`);
  return judged;
}
