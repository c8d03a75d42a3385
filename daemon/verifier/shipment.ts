/** A release of an artifact, and in-toto's own release statement that goes with it. Pure, as everything here. */
import { canonicalText } from "../../proto/canonical.ts";
import { verifierId } from "../../proto/predicates/derived.ts";
import { packageReleaseOf, PackageReleaseStatement, ShipmentStatement } from "../../proto/predicates/shipping.ts";
import type { VerifyReason } from "../../proto/verification.ts";
import { openSigned, resultOf, type Signed, type SignedOptions } from "./signed.ts";
import { pass, stop, type Step } from "./step.ts";
import { timestampSeconds } from "./time.ts";
import type { Trust, Use } from "./trust.ts";

export type VerifiedShipment = Signed<ShipmentStatement> & { readonly result: "verified" };
export type ShipmentVerification = VerifiedShipment | { readonly result: "failed" | "unknown_signer"; readonly reason: VerifyReason };

/** The steps join up from one end of the range to the other, and none was over before its successor saw it. */
function checkSteps({ predicate: { range, steps, at } }: ShipmentStatement, at_s: number): Step<null> {
  let from = range.from;
  let commits = 0;
  for (const step of steps) {
    if (step.from !== from) return stop("statement.identity", `the step to ${step.to} begins elsewhere than the one before it ends`);
    const until_s = timestampSeconds(step.valid_until);
    const seen_s = step.landed_by === null ? at_s : timestampSeconds(step.landed_by);
    if (until_s === null || seen_s === null || seen_s > until_s || seen_s > at_s) return stop("statement.time", `the admit of ${step.to} had ended, and nothing says that it landed before ${at}`);
    from = step.to;
    commits += step.commits;
  }
  return from === range.to && commits === range.commits ? pass(null) : stop("statement.identity", "the steps do not cover the range");
}

function useOf(statement: ShipmentStatement): Step<Omit<Use, "role"> & { readonly trust_domain: string }> {
  const { repository: repo_id, mode, trust_domain, verifier, at } = statement.predicate;
  const issued_at_s = timestampSeconds(at);
  if (issued_at_s === null) return stop("statement.time", "a time of the release cannot be read");
  if (verifier.id !== verifierId(trust_domain, mode)) return stop("signer.domain", `the verifier ${verifier.id} is not the one of ${trust_domain} in mode ${mode}`);
  const steps = checkSteps(statement, issued_at_s);
  return steps.ok ? pass({ repo_id, mode, trust_domain, issued_at_s, predicate_type: statement.predicateType }) : steps;
}

/** `artifact_sha256`: null asks for the release alone. Never throws on any input. */
export function verifyShipment(bytes: Uint8Array, trust: Trust, { artifact_sha256, ...options }: SignedOptions & { readonly artifact_sha256: string | null }): ShipmentVerification {
  const opened = openSigned(bytes, ShipmentStatement, trust, options, useOf);
  if (!opened.ok) return { result: resultOf(opened.reason), reason: opened.reason };
  const [subject] = opened.value.statement.subject;
  if (artifact_sha256 !== null && subject?.digest.sha256 !== artifact_sha256) return { result: "failed", reason: { code: "statement.subject", detail: `sha256 ${artifact_sha256} is not what was released as ${subject?.name}` } };
  return { result: "verified", ...opened.value };
}

/** Whether `bytes` is the in-toto release statement of this shipment, by the same signer. */
export function verifyPackageRelease(bytes: Uint8Array, shipment: VerifiedShipment, trust: Trust, options: SignedOptions): VerifyReason | null {
  const { statement, signer } = shipment;
  const { predicate: { repository: repo_id, mode, trust_domain, at } } = statement;
  const opened = openSigned(bytes, PackageReleaseStatement, trust, options, ({ predicateType }) => pass({ repo_id, mode, trust_domain, issued_at_s: timestampSeconds(at) ?? Number.NaN, predicate_type: predicateType }));
  if (!opened.ok) return opened.reason;
  if (opened.value.signer !== signer || canonicalText(opened.value.statement) !== canonicalText(packageReleaseOf(statement))) return { code: "attestation.mismatch", detail: "it is the release statement of something else" };
  return null;
}
