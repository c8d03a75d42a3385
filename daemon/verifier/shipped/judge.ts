/** A release and the evidence of every change it names: verified is only all of it together. Pure, as everything here. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { SigstoreBundle } from "../../../proto/attestation.ts";
import type { Bundle } from "../../../proto/bundle.ts";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { toHex } from "../../../proto/encoding.ts";
import { SBOM_DOCUMENT } from "../../../proto/sbom.ts";
import { packageReleaseOf } from "../../../proto/predicates/shipping.ts";
import type { ShippedChange, ShippedVerification } from "../../../proto/shipment-bundle.ts";
import type { VerifyReason } from "../../../proto/verification.ts";
import { verifyWithTrust } from "../bundle.ts";
import { verifyProvenance } from "../provenance.ts";
import { verifyRelease } from "../release.ts";
import { resultOf } from "../signed.ts";
import { verifyPackageRelease, verifyShipment, type VerifiedShipment } from "../shipment.ts";
import { pass, stop, type Step } from "../step.ts";
import type { Trust } from "../trust.ts";
import { checkChange, checkEnds, statementDigest } from "./changes.ts";

/** What was found of a release, each part as its bytes; null and absent where there is none. */
export interface ShippedParts {
  readonly shipment: Uint8Array;
  readonly package_release: Uint8Array | null;
  /** By the digest of the statement. */
  readonly gates: ReadonlyMap<string, { readonly bundle: Bundle; readonly releases: readonly SigstoreBundle[] }>;
  readonly provenance: SigstoreBundle | null;
  readonly sbom: Uint8Array | null;
}

export interface ShippedOptions {
  readonly now: Date;
  readonly witnesses?: "later";
  /** A file that must be the released one; null: none is compared. */
  readonly artifact_sha256: string | null;
}

type Asked = Pick<ShippedOptions, "now" | "witnesses">;

const inPart = (part: string, { code, detail }: VerifyReason) => stop(code, `${part}: ${detail}`.slice(0, 2000));
const asked = ({ now, witnesses }: Asked): Asked => ({ now, ...(witnesses === undefined ? {} : { witnesses }) });
const MISSING_NAMED_MAX = 3;

interface Changes {
  readonly changes: ShippedChange[];
  readonly missing: ShippedVerification["missing"];
}

function checkPeople(part: string, releases: readonly SigstoreBundle[], named: ReadonlySet<string>, trust: Trust, options: Asked): Step<null> {
  const left = new Set(named);
  for (const release of releases) {
    const verified = verifyRelease(canonicalBytes(release), trust, options.now, options.witnesses);
    if (verified.result !== "verified") return inPart(part, verified.reason);
    // Taken out, so that one cannot stand for two.
    if (!left.delete(statementDigest(release))) return stop("release.mismatch", `${part} is none that the gate's statement names, or there twice`);
  }
  return pass(null);
}

function checkChanges({ predicate }: VerifiedShipment["statement"], gates: ShippedParts["gates"], trust: Trust, options: Asked): Step<Changes> {
  const changes: ShippedChange[] = [];
  const missing: Changes["missing"] = [];
  for (const [at, step] of predicate.steps.entries()) {
    const part = `change ${at + 1} (${step.gate_id})`;
    const held = gates.get(step.statement_sha256);
    if (held === undefined) {
      missing.push({ gate_id: step.gate_id, attempt: step.attempt, statement_sha256: step.statement_sha256 });
      continue;
    }
    const verified = verifyWithTrust(canonicalBytes(held.bundle), trust, asked(options));
    const [reason] = verified.reasons;
    if (verified.result !== "verified" || verified.statement === null) return inPart(part, reason ?? { code: "bundle.malformed", detail: "it says nothing" });
    const change = checkChange(step, predicate, { ...verified, result: "verified" });
    if (!change.ok) return inPart(part, change.reason);
    const people = checkPeople(`${part}, a release`, held.releases, new Set((verified.statement.predicate.releases ?? []).map(({ statement_sha256 }) => statement_sha256)), trust, options);
    if (!people.ok) return people;
    if (at === predicate.steps.length - 1) {
      const ends = checkEnds(predicate, verified.statement.predicate.identity);
      if (!ends.ok) return ends;
    }
    changes.push(change.value);
  }
  return pass({ changes, missing });
}

function checkProvenance({ predicate }: VerifiedShipment["statement"], subject: string, held: SigstoreBundle | null, trust: Trust, options: Asked): Step<ShippedVerification["provenance"]> {
  if (held === null || predicate.provenance === null) return pass(null);
  const verified = verifyProvenance(canonicalBytes(held), trust, { artifact_sha256: subject, ...asked(options) });
  if (verified.result !== "verified") return inPart("provenance", verified.reason);
  const { buildDefinition: { externalParameters: { build, commit, repository } }, runDetails: { builder } } = verified.statement.predicate;
  if (statementDigest(held) !== predicate.provenance.statement_sha256 || commit !== predicate.range.to || repository !== predicate.repository) return stop("attestation.mismatch", "provenance: it is other provenance than the release names");
  return pass({ build, builder: builder.id, level: verified.level, log_index: verified.log.index });
}

/** Held by the release's own statement, and by the leaf of the gate that it names. */
function checkSbom({ predicate: { sbom, steps } }: VerifiedShipment["statement"], bytes: Uint8Array | null, gates: ShippedParts["gates"]): Step<ShippedVerification["sbom"]> {
  if (bytes === null || sbom === null) return pass(null);
  const digest = toHex(sha256(bytes));
  if (digest !== sbom.sha256) return stop("document.mismatch", "the bill of materials is not the one that the release names");
  const step = steps.find(({ gate_id, attempt }) => gate_id === sbom.gate_id && attempt === sbom.attempt);
  const held = step === undefined ? undefined : gates.get(step.statement_sha256);
  const leaf = held?.bundle.manifest.leaves.some((slot) => "leaf" in slot && slot.leaf.kind === "document" && slot.leaf.name === SBOM_DOCUMENT && slot.leaf.source_sha256 === digest);
  if (held !== undefined && leaf !== true) return stop("document.mismatch", "the gate that the release names for it recorded another bill of materials");
  return pass({ sha256: digest, bytes: bytes.length });
}

function absent({ predicate: { provenance, sbom } }: VerifiedShipment["statement"], found: Pick<ShippedVerification, "provenance" | "sbom" | "package_release">): ShippedVerification["left_out"] {
  const because = "the release names it, and it is not here";
  return [
    ...(provenance !== null && found.provenance === null ? [{ what: `provenance of ${provenance.build_id}`, because }] : []),
    ...(sbom !== null && found.sbom === null ? [{ what: `bill of materials sha256:${sbom.sha256}`, because }] : []),
    ...(found.package_release === null ? [{ what: "in-toto's statement of the release", because: "it is not here; it says nothing that the release does not" }] : []),
  ];
}

const NOTHING = { statement: null, signer: null, log: null, log_grew: null, witnesses: null, package_release: null, changes: [], missing: [], provenance: null, sbom: null, artifact_compared: false, node_trust_file: null, left_out: [] } as const;

/** Of something that cannot be judged at all. */
export const notShipped = (reason: VerifyReason): ShippedVerification => ({ ...NOTHING, changes: [], missing: [], left_out: [], result: resultOf(reason), reasons: [reason] });

function incomplete(missing: ShippedVerification["missing"]): VerifyReason[] {
  if (missing.length === 0) return [];
  const named = missing.slice(0, MISSING_NAMED_MAX).map(({ gate_id, attempt }) => `attempt ${attempt} of ${gate_id}`).join(", ");
  return [{ code: "release.incomplete", detail: `the release is signed, and the evidence of ${missing.length} of the changes it names is not here: ${named}${missing.length > MISSING_NAMED_MAX ? " and others" : ""}` }];
}

/** Never throws on any input. */
export function judgeShipped(parts: ShippedParts, trust: Trust, options: ShippedOptions): ShippedVerification {
  const shipment = verifyShipment(parts.shipment, trust, { ...asked(options), artifact_sha256: options.artifact_sha256 });
  if (shipment.result !== "verified") return notShipped(shipment.reason);
  const { statement, signer, self_made, log, witnesses } = shipment;
  const said = { ...notShipped({ code: "release.mismatch", detail: "" }), statement, signer: { fingerprint: signer, trust_domain: trust.trust_domain, self_made }, log, witnesses, artifact_compared: options.artifact_sha256 !== null };
  const refused = (reason: VerifyReason): ShippedVerification => ({ ...said, result: resultOf(reason), reasons: [reason] });
  const other = parts.package_release === null ? null : verifyPackageRelease(parts.package_release, shipment, trust, asked(options));
  if (other !== null) return refused({ code: other.code, detail: `in-toto's statement: ${other.detail}` });
  const changes = checkChanges(statement, parts.gates, trust, options);
  if (!changes.ok) return refused(changes.reason);
  const provenance = checkProvenance(statement, statement.subject[0]?.digest.sha256 ?? "", parts.provenance, trust, options);
  if (!provenance.ok) return refused(provenance.reason);
  const sbom = checkSbom(statement, parts.sbom, parts.gates);
  if (!sbom.ok) return refused(sbom.reason);
  const found = { package_release: parts.package_release === null ? null : packageReleaseOf(statement), provenance: provenance.value, sbom: sbom.value };
  const reasons = incomplete(changes.value.missing);
  return { ...said, ...found, ...changes.value, result: reasons.length === 0 ? "verified" : "failed", reasons, left_out: absent(statement, found) };
}
