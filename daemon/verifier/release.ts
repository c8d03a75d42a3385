/** A person's release as evidence of its own: a Sigstore bundle whose statement is ours. Pure, as everything here. */
import { ReleaseStatement, SigstoreBundle, type ObligationsPredicate } from "../../proto/attestation.ts";
import { canonicalBytes, canonicalText } from "../../proto/canonical.ts";
import { RELEASE_NAMESPACE, RELEASE_PREDICATE, type Release } from "../../proto/release.ts";
import type { VerifyReason, WitnessVerification } from "../../proto/verification.ts";
import { releaseLeafName } from "./leaves.ts";
import { BUNDLE_LIMITS, CLOCK_SKEW_S_MAX, STATEMENT_LIMITS } from "./limits.ts";
import { checkCheckpoint, proveEntry } from "./log-entry.ts";
import type { OpenManifest } from "./manifest.ts";
import { readDocument } from "./schema.ts";
import { parseSshKey } from "./ssh-key.ts";
import { verifySshSignature } from "./sshsig.ts";
import { checkSignature, openEnvelope } from "./statement.ts";
import { pass, stop, type Step } from "./step.ts";
import { timestampSeconds } from "./time.ts";
import { entriesOf, logOf, logUnknown, permits, type Trust } from "./trust.ts";
import { judgeWitnesses, type WitnessAsk } from "./witnesses.ts";

export type ReleaseVerification =
  | { readonly result: "verified"; readonly release: Release; readonly signer: string; readonly log: { readonly origin: string; readonly index: number }; readonly witnesses?: WitnessVerification }
  | { readonly result: "failed" | "unknown_signer"; readonly reason: VerifyReason };

/** Whether canonical bytes are a Sigstore bundle, which here only a release is by itself. */
export const isReleaseBundle = (bytes: Uint8Array): boolean => new TextDecoder().decode(bytes.subarray(0, 16)).startsWith('{"dsseEnvelope"');

/** What the person's own key signed; the kernel's word on a user is the node's, and stands with its signature. */
function checkProof({ request, proof }: Pick<Release, "request" | "proof">): Step<null> {
  if (proof.by === "uid") return pass(null);
  const key = parseSshKey(proof.public_key);
  const signed = verifySshSignature(proof.signature, RELEASE_NAMESPACE, canonicalBytes(request));
  if (key === null || signed === null) return stop("release.proof", "the person's key did not sign this request");
  if (key.fingerprint !== proof.fingerprint || signed.key.fingerprint !== proof.fingerprint) return stop("release.proof", "another key signed the request");
  if (key.security_key !== (proof.presence === "touch")) return stop("release.proof", "the key is not of the kind that was claimed");
  return key.security_key && !signed.touched ? stop("release.proof", "nobody touched the security key") : pass(null);
}

function checkTimes({ request, at }: Release): Step<number> {
  const at_s = timestampSeconds(at);
  const until_s = timestampSeconds(request.answer_until);
  if (at_s === null || until_s === null) return stop("statement.time", "a time of the release cannot be read");
  return at_s > until_s ? stop("statement.time", "it was logged after the request had ended") : pass(at_s);
}

function checkTrust(bundle: SigstoreBundle, trust: Trust, ask: WitnessAsk): Step<Extract<ReleaseVerification, { result: "verified" }>> {
  const envelope = openEnvelope(bundle);
  if (!envelope.ok) return envelope;
  const document = readDocument(ReleaseStatement, envelope.value.payload, STATEMENT_LIMITS);
  if ("because" in document) return stop("statement.malformed", document.because);
  const { subject, predicate: release } = document.value;
  const { request } = release;
  if (canonicalText(subject) !== canonicalText([{ name: "git:head", digest: { gitCommit: request.head } }])) return stop("statement.subject", "the subject is not the head of the request");
  const at_s = checkTimes(release);
  if (!at_s.ok) return at_s;
  const [tlog] = bundle.verificationMaterial.tlogEntries;
  const proven = tlog === undefined ? stop("log.entry", "no log entry") : proveEntry(tlog, envelope.value.entry);
  if (!proven.ok) return proven;
  const signature = checkSignature(envelope.value);
  if (!signature.ok) return signature;
  const proof = checkProof(release);
  if (!proof.ok) return proof;
  const log = logOf(trust, proven.value.log_id);
  const lines = entriesOf(trust, envelope.value.key.fingerprint);
  if (lines.length === 0) return stop("signer.unknown", `${envelope.value.key.fingerprint} is not in the trust file`);
  const use = { repo_id: request.repo_id, mode: request.mode, issued_at_s: at_s.value };
  const gate = permits(lines, { role: "gate", predicate_type: RELEASE_PREDICATE, ...use });
  if (!gate.ok) return gate;
  if (log === null) return logUnknown(trust, proven.value.checkpoint.origin);
  const checkpoint = checkCheckpoint(proven.value, log.key, trust.witnesses.keys);
  if (!checkpoint.ok) return checkpoint;
  const logged = permits(log.lines, { role: "log", predicate_type: null, ...use });
  if (!logged.ok) return stop("log.key", logged.reason.detail);
  if (request.trust_domain !== trust.trust_domain) return stop("signer.domain", `the release is of ${request.trust_domain}, the trust file of ${trust.trust_domain}`);
  const witnesses = judgeWitnesses(checkpoint.value, trust.witnesses, ask);
  if (!witnesses.ok) return witnesses;
  const found = witnesses.value === null ? {} : { witnesses: witnesses.value };
  return pass({ result: "verified", release, signer: envelope.value.key.fingerprint, log: { origin: proven.value.checkpoint.origin, index: proven.value.index }, ...found });
}

/** Verifies a release against a trust file from elsewhere; never throws on any input. `later`: as in `VerifyOptions`. */
export function verifyRelease(bytes: Uint8Array, trust: Trust, now: Date, witnesses?: "later"): ReleaseVerification {
  const document = readDocument(SigstoreBundle, bytes, BUNDLE_LIMITS);
  const step = "because" in document ? stop("bundle.malformed", document.because) : checkTrust(document.value, trust, { now_s: now.getTime() / 1000, later: witnesses === "later" });
  if (!step.ok) return { result: step.reason.code === "signer.unknown" || step.reason.code === "log.unknown" ? "unknown_signer" : "failed", reason: step.reason };
  const at_s = timestampSeconds(step.value.release.at) ?? Number.POSITIVE_INFINITY;
  // Written this way round, a clock that is not a number refuses too.
  if (!(at_s <= now.getTime() / 1000 + CLOCK_SKEW_S_MAX)) return { result: "failed", reason: { code: "statement.time", detail: "logged after the verifier's own time; check the clock" } };
  return step.value;
}

/** Every release the statement names has its leaf, and no leaf names another. */
export function checkReleaseLeaves({ shown, tree }: OpenManifest, { releases = [] }: ObligationsPredicate): Step<null> {
  const wanted = new Map(releases.map((one) => [releaseLeafName(one), one.statement_sha256]));
  let found = 0;
  for (const leaf of shown.values()) {
    if (leaf.kind === "identity" || leaf.component !== "documents" || !leaf.name.startsWith("release/")) continue;
    if (wanted.get(leaf.name) !== leaf.source_sha256) return stop("release.mismatch", `the leaf ${leaf.name} is not among the releases the statement names`);
    found += 1;
  }
  if (found === wanted.size || shown.size < tree.size) return pass(null);
  return stop("release.mismatch", "a release that the statement names has no leaf");
}
