/** What `maestro verify` and `maestro gate` say of a bundle, in one voice: every word from signed bytes or from the trust file. */
import { readFileSync } from "node:fs";
import type { Bundle } from "../../proto/bundle.ts";
import { fromBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Verification, VerifyCode } from "../../proto/verification.ts";
import { verifyBundle } from "../verifier/index.ts";
import { tlogProofText } from "../verifier/tlog-proof.ts";
import { escapeTerminal } from "./card/escape/terminal.ts";
import { releaseText } from "./card/released.ts";

/** What is in the file is the verifier's to judge; that it can be read at all is the caller's. */
function readNamed(path: string, code: "trust.malformed" | "cli.usage"): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new MaestroError(code, `${path} cannot be read`, { cause: error });
  }
}

export const readBundleFile = (path: string): Uint8Array => readNamed(path, "cli.usage");

export const readTrustFile = (path: string): Uint8Array => readNamed(path, "trust.malformed");

export function verifyAgainst(bundle: Uint8Array, trust: Uint8Array, leaf?: string): Verification {
  return verifyBundle(bundle, trust, { now: new Date(), ...(leaf === undefined ? {} : { leaf }) });
}

/** Who is at fault: a damaged trust file or a mistyped leaf says nothing against the bundle. */
function headOfFailure(result: Verification["result"], code: VerifyCode | undefined): string {
  if (result === "unknown_signer") return "UNKNOWN SIGNER  sound, but signed by nobody the trust file names";
  if (code?.startsWith("trust.") === true) return "FAILED  the trust file is unusable, so nothing was verified; give the one the operator published with --trust";
  if (code === "leaf.unknown") return "FAILED  the bundle shows no such leaf";
  return "FAILED  this is not evidence";
}

/** One line where it verified; one line per reason where it did not. */
export function describeVerification(verification: Verification): string {
  const { result, statement, signer, log, lapsed, hidden_leaves, reasons } = verification;
  if (result !== "verified" || statement === null || signer === null || log === null) {
    return [headOfFailure(result, reasons[0]?.code), ...reasons.map(({ code, detail }) => `  ${code}: ${escapeTerminal(detail)}`)].join("\n");
  }
  const { predicate } = statement;
  const { identity, verdict, manifest, mode } = predicate;
  const base = identity.base === null ? "no base" : `base ${identity.base.slice(0, 12)}`;
  const claimed = mode === "local" ? ", repository and target as the caller named them" : `, mode ${mode}: base and configuration from the operator's remote`;
  const what = `${verdict.toUpperCase()} of ${escapeTerminal(identity.repo_id)} ${identity.head.slice(0, 12)} on ${base} into ${escapeTerminal(identity.target_ref)}${claimed}`;
  const whose = signer.self_made ? "this machine's own self-made key: proves integrity, not authority" : `trusted in ${escapeTerminal(signer.trust_domain ?? "?")}`;
  const lines = [`VERIFIED offline  ${what}, ${manifest.size} leaves, log entry ${log.index} of ${log.size}; signed by ${signer.fingerprint} (${whose})`];
  for (const one of predicate.releases ?? []) lines.push(`  ${releaseText(one, escapeTerminal)}`);
  if (lapsed) lines.push("  the evidence stands, but its validity has passed: gate the change again before merging");
  if (hidden_leaves > 0) lines.push(`  ${hidden_leaves} leaves are hidden behind their hashes`);
  return lines.join("\n");
}

/** The log receipt of a verified bundle in C2SP tlog-proof form, which other people's tools read. */
export function receiptOf(verified_bundle: Uint8Array): string {
  // Verified means canonical and of this very shape.
  const { attestations } = JSON.parse(new TextDecoder().decode(verified_bundle)) as Bundle;
  const proof = attestations[0]?.verificationMaterial.tlogEntries[0]?.inclusionProof;
  if (proof === undefined) throw new MaestroError("bundle.malformed", "no log entry");
  const hashes = proof.hashes.map((hash) => fromBase64(hash) ?? new Uint8Array(0));
  return tlogProofText({ index: Number(proof.logIndex), hashes, checkpoint: proof.checkpoint.envelope });
}
