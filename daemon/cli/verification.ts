/** What `maestro verify` and `maestro gate` say of a bundle, in one voice: every word from signed bytes or from the trust file. */
import type { SigstoreBundle } from "../../proto/attestation.ts";
import type { Bundle } from "../../proto/bundle.ts";
import { nativeEd25519, nativeP256 } from "../../kernels/signatures/native.ts";
import { fromBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Verification } from "../../proto/verification.ts";
import { verifyBundle, type VerifyOptions } from "../verifier/index.ts";
import { EVIDENCE_LIMITS, TRUST_LIMITS } from "../verifier/limits.ts";
import { adoptEd25519, adoptP256 } from "../verifier/signature.ts";
import { tlogProofText } from "../verifier/tlog-proof.ts";
import { headline, remarks } from "../verifier/wording.ts";
import { readNamed } from "./bounded-file.ts";
import { escapeTerminal } from "./card/escape/terminal.ts";
import { releaseText } from "../verifier/words/released.ts";

export const readBundleFile = (path: string): Uint8Array => readNamed(path, EVIDENCE_LIMITS.bytes_max);

/** Signatures by the runtime's own library, under the same rule: in a process that has just begun, half the time of our own arithmetic. */
function adoptNative(): void {
  adoptEd25519(nativeEd25519);
  adoptP256(nativeP256);
}

/** Whoever reads one is about to verify. */
export function readTrustFile(path: string): Uint8Array {
  adoptNative();
  return readNamed(path, TRUST_LIMITS.bytes_max, "trust.malformed");
}

export function verifyAgainst(bundle: Uint8Array, trust: Uint8Array, asked: Omit<VerifyOptions, "now"> = {}): Verification {
  adoptNative();
  return verifyBundle(bundle, trust, { now: new Date(), ...asked });
}

/** Of what this verifier cannot read, which is what a later release's evidence looks like to it. */
const UNREAD: readonly string[] = ["bundle.malformed", "trust.malformed", "statement.malformed", "attestation.unknown"];

/** Why a gate gives no verdict where the evidence it has just been handed does not stand. */
export function unverified({ reasons }: Pick<Verification, "reasons">): MaestroError {
  const why = reasons.map(({ code, detail }) => `${code}: ${detail}`).join("; ");
  const older = reasons.some(({ code }) => UNREAD.includes(code)) ? "; where the daemon is of a later release than this command, bring the command up to it (maestro version says both)" : "";
  return new MaestroError("evidence.log", `the evidence just written does not verify: ${why}${older}`);
}

/** One line where it verified; one line per reason where it did not. */
export function describeVerification(verification: Verification): string {
  const { statement, reasons } = verification;
  const lines = [headline(verification, escapeTerminal)];
  if (verification.result !== "verified") return [...lines, ...reasons.map(({ code, detail }) => `  ${code}: ${escapeTerminal(detail)}`)].join("\n");
  for (const one of statement?.predicate.releases ?? []) lines.push(`  ${releaseText(one, escapeTerminal)}`);
  return [...lines, ...remarks(verification).map((remark) => `  ${remark}`)].join("\n");
}

/** The log receipt of a verified bundle in C2SP tlog-proof form, which other people's tools read. */
export function receiptOf(verified_bundle: Uint8Array): string {
  // Verified means canonical and of this very shape.
  const { attestations } = JSON.parse(new TextDecoder().decode(verified_bundle)) as Bundle;
  return receiptText(attestations[0]);
}

/** As `receiptOf`, of one attestation. */
export function receiptText(attestation: SigstoreBundle | undefined): string {
  const proof = attestation?.verificationMaterial.tlogEntries[0]?.inclusionProof;
  if (proof === undefined) throw new MaestroError("bundle.malformed", "no log entry");
  const hashes = proof.hashes.map((hash) => fromBase64(hash) ?? new Uint8Array(0));
  return tlogProofText({ index: Number(proof.logIndex), hashes, checkpoint: proof.checkpoint.envelope });
}
