/** Whether an artifact may be deployed: its release, what it was made of, and the evidence of every change in it. Pure. */
import type { DeployCode, DeployPolicy, DeployReason, DeployVerdict } from "../../../proto/deploy.ts";
import type { VerifyReason } from "../../../proto/verification.ts";
import type { ProvenanceVerification } from "../provenance.ts";
import type { ShipmentVerification, VerifiedShipment } from "../shipment.ts";
import { timestampOf, timestampSeconds } from "../time.ts";
import { gateRefusals, type GateEvidence } from "./gate.ts";

/** What was found beside an artifact, each judged by the verifier; null where there was none. */
export interface ReleaseEvidence {
  readonly artifact: { readonly name: string; readonly sha256: string };
  readonly shipment: ShipmentVerification | null;
  readonly provenance: { readonly verified: ProvenanceVerification; readonly statement_sha256: string | null } | null;
  /** By the SHA-256 of the obligations statement, which stays as it is when a receipt is made anew under a witnessed checkpoint. */
  readonly gates: ReadonlyMap<string, GateEvidence | { readonly reason: VerifyReason }>;
}

const no = (code: DeployCode, detail: string, next: string, gate_id: string | null = null): DeployReason => ({ code, gate_id, detail: detail.slice(0, 2000), next });

const RELEASE = "run maestro release for this file";

/** A receipt from before witnesses answered is not wrong, but old. */
const orAgain = ({ code }: VerifyReason, next: string): string => (code === "log.witnesses" ? "fetch the release again by its id (maestro release SHIPMENT-ID) once witnesses have answered" : next);

function ofRelease(policy: DeployPolicy, { statement, self_made, witnesses }: VerifiedShipment, now_s: number): DeployReason[] {
  const { repository, target_ref, mode, trust_domain, at, sbom, steps } = statement.predicate;
  const at_s = timestampSeconds(at);
  const old = policy.release_age_s_max !== undefined && !(at_s !== null && now_s - at_s <= policy.release_age_s_max);
  const counted = witnesses?.names.length ?? 0;
  return [
    ...(policy.repositories.includes(repository) ? [] : [no("repository", `${repository} is none of the policy's repositories`, "deploy under the policy of that repository")]),
    ...(policy.target_refs === undefined || policy.target_refs.includes(target_ref) ? [] : [no("target", `it was released from ${target_ref}`, "release from one of the policy's branches")]),
    ...((policy.modes ?? ["host", "fork"]).includes(mode) ? [] : [no("mode", `it was released in mode ${mode}`, "gate and release on a host that reads the operator's remote")]),
    ...(policy.trust_domains === undefined || policy.trust_domains.includes(trust_domain) ? [] : [no("trust_domain", `it was released under ${trust_domain}`, "release on a node of one of the policy's trust domains")]),
    ...(policy.self_made_trust === true || !self_made ? [] : [no("trust.self_made", "the trust file was written by the node for itself: it proves integrity, not authority", "verify with the operator's trust file")]),
    ...(old ? [no("release.age", `it was released at ${at}`, RELEASE)] : []),
    ...(policy.witnesses_min === undefined || counted >= policy.witnesses_min ? [] : [no("witnesses", `${counted} witnesses cosigned the log entry of the release, wanted ${policy.witnesses_min}`, "fetch the release again by its id once witnesses have answered")]),
    ...(policy.sbom === true && sbom === null ? [no("sbom", "the release names no bill of materials", "have a gate of the range record one: it lists the lock files that a change touches")] : []),
    ...(policy.overrides !== true ? steps.filter(({ releases }) => releases.includes("override")).map(({ gate_id }) => no("override", "somebody broke the glass to admit it", "have it approved in the ordinary way, or allow overrides in the policy", gate_id)) : []),
  ];
}

function ofProvenance(policy: DeployPolicy, { statement }: VerifiedShipment, found: ReleaseEvidence["provenance"]): DeployReason[] {
  const { slsa_level_min, builders } = policy;
  if (slsa_level_min === undefined && builders === undefined) return [];
  const next = "build it with maestro build from the newest commit, then release";
  const named = statement.predicate.provenance;
  if (named === null) return [no("provenance.missing", "the release names no provenance: nothing says what the file was made of", next)];
  if (found === null) return [no("provenance.missing", "the provenance that the release names is not beside the artifact", "bring the provenance file along (--provenance FILE)")];
  const { verified, statement_sha256 } = found;
  if (verified.result !== "verified") return [no("provenance.invalid", `${verified.reason.code}: ${verified.reason.detail}`, orAgain(verified.reason, "bring the provenance that the release names"))];
  const { buildDefinition: { externalParameters }, runDetails } = verified.statement.predicate;
  if (statement_sha256 !== named.statement_sha256 || externalParameters.commit !== statement.predicate.range.to || externalParameters.repository !== statement.predicate.repository) return [no("provenance.invalid", "it is other provenance than the release names", "bring the provenance that the release names")];
  return [
    ...(slsa_level_min === undefined || verified.level >= slsa_level_min ? [] : [no("provenance.level", `its build level is ${verified.level}, wanted ${slsa_level_min}`, next)]),
    ...(builders === undefined || builders.includes(runDetails.builder.id) ? [] : [no("provenance.builder", `it was built by ${runDetails.builder.id}`, next)]),
    ...(policy.witnesses_min === undefined || (verified.witnesses?.names.length ?? 0) >= policy.witnesses_min ? [] : [no("witnesses", `${verified.witnesses?.names.length ?? 0} witnesses cosigned the log entry of the provenance, wanted ${policy.witnesses_min}`, "fetch the build again by its id once witnesses have answered")]),
  ];
}

/** The evidence of each change must be there, be what the release says it is, and be what the policy wants. */
function ofGates(policy: DeployPolicy, { statement }: VerifiedShipment, gates: ReleaseEvidence["gates"], now_s: number): DeployReason[] {
  const seen = new Set<string>();
  return statement.predicate.steps.flatMap(({ statement_sha256, gate_id, attempt, head, log_index }) => {
    if (seen.has(statement_sha256)) return [];
    seen.add(statement_sha256);
    const found = gates.get(statement_sha256);
    if (found === undefined) return [no("gate.missing", `its evidence, of statement ${statement_sha256}, is not beside the artifact`, "bring the evidence folder along that the release left", gate_id)];
    if ("reason" in found) return [no("gate.invalid", `${found.reason.code}: ${found.reason.detail}`, orAgain(found.reason, "bring the evidence folder along that the release left, and the newest trust file"), gate_id)];
    const { predicate } = found.verification.statement ?? {};
    if (predicate?.gate_id !== gate_id || predicate.attempt.attempt !== attempt || predicate.identity.head !== head || predicate.identity.repo_id !== statement.predicate.repository || found.verification.log?.index !== log_index) return [no("gate.invalid", "it is the evidence of something else than the release says", "bring the evidence folder along that the release left", gate_id)];
    return gateRefusals(policy, found, now_s);
  });
}

export function judgeDeploy(policy: DeployPolicy, { artifact, shipment, provenance, gates }: ReleaseEvidence, now: Date): DeployVerdict {
  const now_s = now.getTime() / 1000;
  const said = (result: DeployVerdict["result"], reasons: readonly DeployReason[], count = 0): DeployVerdict => ({ result, artifact: { ...artifact }, reasons: [...reasons], gates: count, at: timestampOf(now_s) });
  if (shipment === null) return said("refuse", [no("release.missing", "no release is beside the artifact", RELEASE)]);
  if (shipment.result !== "verified") return said(shipment.result === "unknown_signer" ? "unknown_signer" : "refuse", [no("release.invalid", `${shipment.reason.code}: ${shipment.reason.detail}`, orAgain(shipment.reason, "bring the release of just this file, and the operator's newest trust file"))]);
  const [subject] = shipment.statement.subject;
  if (subject?.digest.sha256 !== artifact.sha256) return said("refuse", [no("release.invalid", "the release is of another file", RELEASE)]);
  const reasons = [...ofRelease(policy, shipment, now_s), ...ofProvenance(policy, shipment, provenance), ...ofGates(policy, shipment, gates, now_s)];
  return said(reasons.length === 0 ? "pass" : "refuse", reasons, new Set(shipment.statement.predicate.steps.map(({ statement_sha256 }) => statement_sha256)).size);
}
