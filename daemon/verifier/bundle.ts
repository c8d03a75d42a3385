import type { Statement } from "../../proto/attestation.ts";
import { Bundle } from "../../proto/bundle.ts";
import type { RangeOpening, VerifiedRange } from "../../proto/range.ts";
import type { Verification, VerifiedLeaf, VerifyReason, WitnessVerification } from "../../proto/verification.ts";
import { openAttestations, saidOf, trustAttestations, type ProvenAttestation } from "./attestations.ts";
import { checkCard } from "./card.ts";
import { checkDocuments, type ProvenDocument } from "./documents.ts";
import { BUNDLE_LIMITS, CLOCK_SKEW_S_MAX } from "./limits.ts";
import { checkCheckpoint, proveEntry, type ProvenEntry } from "./log-entry.ts";
import { findLeaf, openManifest, type OpenManifest } from "./manifest.ts";
import { checkRanges } from "./range/check.ts";
import { checkOpening } from "./range/opening.ts";
import { readDocument } from "./schema.ts";
import { checkReleaseLeaves } from "./release.ts";
import { checkSignature, openStatement, type ClaimedStatement } from "./statement.ts";
import { pass, stop, type Step } from "./step.ts";
import { entriesOf, logOf, logUnknown, openTrust, permits, type Trust, type Use } from "./trust.ts";
import { judgeWitnesses, type WitnessAsk } from "./witnesses.ts";

export interface VerifyOptions {
  /** The verifier's clock: evidence from the future is refused, a lapsed admit is said. */
  readonly now: Date;
  /** Also show this leaf, by `kind/name` or name. */
  readonly leaf?: string;
  /** `later`: for whoever looks before the witnesses can have answered; a quorum that the trust file asks for may then be pending. */
  readonly witnesses?: "later";
  /** The auditor's own copy of the configuration that fixes the bounds of hidden numbers; absent: the bundle's, which the identity names. */
  readonly bounds?: Uint8Array;
  /** Range proofs that the caller itself saw hold; see `range/check.ts`. */
  readonly ranges_seen?: ReadonlySet<string>;
  /** An opening that the auditor was given: it is held against its leaf. */
  readonly opening?: Uint8Array;
}

/** A bundle whose parts all hang together under one key, whoever's key it is. */
interface SoundBundle {
  readonly signed: ClaimedStatement;
  readonly manifest: OpenManifest;
  readonly entry: ProvenEntry;
  readonly documents: readonly ProvenDocument[];
  readonly further: readonly ProvenAttestation[];
  readonly ranges: readonly VerifiedRange[];
  readonly opening: RangeOpening | null;
}

function openBundle(bytes: Uint8Array, { bounds, opening, ranges_seen }: Pick<VerifyOptions, "bounds" | "opening" | "ranges_seen">): Step<SoundBundle> {
  const document = readDocument(Bundle, bytes, BUNDLE_LIMITS);
  if ("because" in document) return stop("bundle.malformed", document.because);
  const { attestations, manifest, card, documents = [], range_proofs = [] } = document.value;
  const [attestation, ...others] = attestations;
  const [tlog] = attestation?.verificationMaterial.tlogEntries ?? [];
  if (attestation === undefined || tlog === undefined) return stop("bundle.malformed", "no attestation");
  const signed = openStatement(attestation);
  if (!signed.ok) return signed;
  const { predicate } = signed.value.statement;
  const opened = openManifest(manifest, predicate);
  if (!opened.ok) return opened;
  const released = checkReleaseLeaves(opened.value, predicate);
  if (!released.ok) return released;
  const checkedCard = checkCard(card, opened.value, predicate);
  if (!checkedCard.ok) return checkedCard;
  const carried = checkDocuments(documents, opened.value);
  if (!carried.ok) return carried;
  const entry = proveEntry(tlog, signed.value.entry);
  if (!entry.ok) return entry;
  const signature = checkSignature(signed.value);
  if (!signature.ok) return signature;
  const further = openAttestations(others, { signed: signed.value, manifest: opened.value, tlog });
  if (!further.ok) return further;
  const ranges = checkRanges({ proofs: range_proofs, documents, bounds: bounds ?? null, ...(ranges_seen === undefined ? {} : { seen: ranges_seen }) }, opened.value, predicate);
  if (!ranges.ok) return ranges;
  const number = opening === undefined ? pass(null) : checkOpening(opening, opened.value, predicate);
  if (!number.ok) return number;
  return pass({ signed: signed.value, manifest: opened.value, entry: entry.value, documents: carried.value, further: further.value, ranges: ranges.value, opening: number.value });
}

function useOf(statement: Statement, issued_at_s: number): Omit<Use, "role" | "predicate_type"> {
  return { repo_id: statement.predicate.identity.repo_id, mode: statement.predicate.mode, issued_at_s };
}

/** Whether the trust file lets this key say this, and this log hold it; what its witnesses say comes back. */
function checkTrust({ signed, entry, further }: SoundBundle, trust: Trust, ask: WitnessAsk): Step<WitnessVerification | null> {
  const { statement, key, issued_at_s } = signed;
  const log = logOf(trust, entry.log_id);
  const checkpoint = log === null ? null : checkCheckpoint(entry, log.key, trust.witnesses.keys);
  if (checkpoint?.ok === false) return checkpoint;
  const lines = entriesOf(trust, key.fingerprint);
  if (lines.length === 0) return stop("signer.unknown", `${key.fingerprint} is not in the trust file`);
  const gate = permits(lines, { role: "gate", predicate_type: statement.predicateType, ...useOf(statement, issued_at_s) });
  if (!gate.ok) return gate;
  if (log === null) return logUnknown(trust, entry.checkpoint.origin);
  const logged = permits(log.lines, { role: "log", predicate_type: null, ...useOf(statement, issued_at_s) });
  if (!logged.ok) return stop("log.key", logged.reason.detail);
  const domain = statement.predicate.identity.trust_domain;
  if (domain !== trust.trust_domain) return stop("signer.domain", `the statement is of ${domain}, the trust file of ${trust.trust_domain}`);
  const beside = trustAttestations(further, trust, useOf(statement, issued_at_s));
  if (!beside.ok) return beside;
  return judgeWitnesses(checkpoint?.value ?? [], trust.witnesses, ask);
}

function refused(reason: VerifyReason, sound: SoundBundle | null): Verification {
  const unknown = reason.code === "signer.unknown" || reason.code === "log.unknown";
  const fingerprint = sound?.signed.key.fingerprint;
  return {
    result: unknown ? "unknown_signer" : "failed",
    reasons: [reason],
    statement: null,
    signer: fingerprint === undefined ? null : { fingerprint, trust_domain: null, self_made: false },
    log: null,
    lapsed: false,
    hidden_leaves: 0,
    attestations: [],
    documents: [],
    leaf: null,
  };
}

/**
 * Verifies an evidence bundle against a trust file from elsewhere. Pure: no
 * disk, no network, no clock but `now`; never throws on any input. A sound
 * bundle by a key the trust file does not have is `unknown_signer`; any other
 * doubt is `failed`. The statement is handed out only when `verified`.
 */
export function verifyBundle(bundleBytes: Uint8Array, trustBytes: Uint8Array, options: VerifyOptions): Verification {
  const trust = openTrust(trustBytes);
  return trust.ok ? verifyWithTrust(bundleBytes, trust.value, options) : refused(trust.reason, null);
}

/** As `verifyBundle`, for a trust file that is open already. */
export function verifyWithTrust(bundleBytes: Uint8Array, trust: Trust, { now, leaf: wanted, witnesses, ...hidden }: VerifyOptions): Verification {
  const sound = openBundle(bundleBytes, hidden);
  if (!sound.ok) return refused(sound.reason, null);
  const { signed, manifest, entry, documents, further, ranges, opening } = sound.value;
  const now_s = now.getTime() / 1000;
  const trusted = checkTrust(sound.value, trust, { now_s, later: witnesses === "later" });
  if (!trusted.ok) return refused(trusted.reason, sound.value);
  // Written this way round, a clock that is not a number refuses too.
  if (!(signed.issued_at_s <= now_s + CLOCK_SKEW_S_MAX)) {
    return refused({ code: "statement.time", detail: "issued after the verifier's own time; check the clock" }, sound.value);
  }
  let leaf: VerifiedLeaf | null = null;
  if (wanted !== undefined) {
    const found = findLeaf(manifest, wanted);
    if (!found.ok) return refused(found.reason, sound.value);
    leaf = found.value;
  }
  return {
    result: "verified",
    reasons: [],
    statement: signed.statement,
    signer: { fingerprint: signed.key.fingerprint, trust_domain: trust.trust_domain, self_made: trust.self_made },
    log: { origin: entry.checkpoint.origin, index: entry.index, size: entry.checkpoint.size },
    ...(trusted.value === null ? {} : { witnesses: trusted.value }),
    lapsed: signed.valid_until_s < now_s,
    hidden_leaves: manifest.tree.size - manifest.shown.size,
    attestations: saidOf(further),
    documents: [...documents],
    ...(ranges.length === 0 ? {} : { ranges: [...ranges] }),
    ...(opening === null ? {} : { opening }),
    leaf,
  };
}
