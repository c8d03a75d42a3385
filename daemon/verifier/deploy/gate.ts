/** Whether the evidence of one gate is what a deploy policy wants of each. Pure. Only shown, verified leaves count: what is hidden or absent was not shown. */
import type { SigstoreBundle } from "../../../proto/attestation.ts";
import type { Bundle } from "../../../proto/bundle.ts";
import { compareRational, exactlyAt, parseDecimal, rational, type Rational } from "../../../proto/decimal.ts";
import type { DeployCode, DeployPolicy, DeployReason } from "../../../proto/deploy.ts";
import { fromBase64 } from "../../../proto/encoding.ts";
import type { ObligationLeaf } from "../../../proto/manifest.ts";
import { VSA_PREDICATE } from "../../../proto/predicates/derived.ts";
import type { VsaStatement } from "../../../proto/predicates/vsa.ts";
import type { Verification } from "../../../proto/verification.ts";
import { timestampSeconds } from "../time.ts";

/** A bundle that verified, with what it shows. */
export interface GateEvidence {
  readonly verification: Verification & { readonly result: "verified" };
  readonly bundle: Bundle;
}

type Refusal = Omit<DeployReason, "gate_id">;
const no = (code: DeployCode, detail: string, next: string): Refusal => ({ code, detail: detail.slice(0, 2000), next });

const AGAIN = "gate the change again, and release again";

function leavesOf({ manifest }: Bundle): ObligationLeaf[] {
  return manifest.leaves.flatMap((slot) => ("leaf" in slot && slot.leaf.kind !== "identity" ? [slot.leaf] : []));
}

const scaled = (integer: string, scale: number): Rational => rational(BigInt(integer), 10n ** BigInt(scale));

/** Whether a number that stays hidden is proved to lie within what is wanted; the gate's own bounds must be as tight. */
function provedWithin({ ranges = [] }: Verification, { name, min, max }: NonNullable<DeployPolicy["obligations"]>[number]): string | null {
  const range = ranges.find(({ obligation }) => obligation === name);
  if (range?.result !== "proved" || range.bounds === "signer") return "it is hidden, and nothing proves bounds that anybody but the signer fixed";
  const tight = (own: string | null, wanted: string | undefined, sign: 1 | -1): boolean => {
    if (wanted === undefined) return true;
    const bound = parseDecimal(wanted);
    return own !== null && bound !== null && compareRational(scaled(own, range.scale), bound) * sign >= 0;
  };
  return tight(range.min, min, 1) && tight(range.max, max, -1) ? null : "it is hidden, and what is proved of it is less than the policy wants";
}

function obligation(verification: Verification, leaves: readonly ObligationLeaf[], wanted: NonNullable<DeployPolicy["obligations"]>[number]): Refusal[] {
  const { name, min, max } = wanted;
  const next = `have the gate measure ${name} within these bounds, and release again`;
  const leaf = leaves.find((one) => one.component === "obligations" && one.name === name);
  if (leaf === undefined) return [no("obligation", `${name} is not shown`, next)];
  if (leaf.outcome !== "pass") return [no("obligation", `${name} is ${leaf.outcome}`, next)];
  if (leaf.observer === "job") return [no("obligation", `${name} is what the change's own job said`, `let the gate run what measures ${name}, and release again`)];
  if (leaf.commitment !== null) {
    const why = provedWithin(verification, wanted);
    return why === null ? [] : [no("obligation", `${name}: ${why}`, next)];
  }
  if (leaf.value === null) return [no("obligation", `${name} has no number`, next)];
  const value = scaled(leaf.value, leaf.scale);
  const misses = (bound: string | undefined, sign: 1 | -1): boolean => {
    const limit = bound === undefined ? null : parseDecimal(bound);
    return bound !== undefined && (limit === null || compareRational(value, limit) * sign < 0);
  };
  if (!misses(min, 1) && !misses(max, -1)) return [];
  return [no("obligation", `${name} is ${leaf.value} at scale ${leaf.scale}, wanted ${[min === undefined ? null : `at least ${min}`, max === undefined ? null : `at most ${max}`].filter((text) => text !== null).join(" and ")}`, next)];
}

/** Verified already, and of this shape. */
const statementIn = <T>({ dsseEnvelope }: SigstoreBundle): T => JSON.parse(new TextDecoder().decode(fromBase64(dsseEnvelope.payload) ?? new Uint8Array())) as T;

function levelsOf({ attestations }: Bundle): ReadonlySet<string> {
  const statements = attestations.slice(1).map((one) => statementIn<VsaStatement>(one));
  return new Set(statements.flatMap(({ predicateType, predicate }) => (predicateType === VSA_PREDICATE && predicate.verificationResult === "PASSED" ? predicate.verifiedLevels : [])));
}

function beside(policy: DeployPolicy, { verification, bundle }: GateEvidence): Refusal[] {
  const levels = policy.verified_levels === undefined ? new Set<string>() : levelsOf(bundle);
  const lacks = (policy.attestations ?? []).filter((wanted) => !verification.attestations.some(({ predicate_type, of }) => predicate_type === wanted.predicate_type && (wanted.of === undefined || of === wanted.of)));
  return [
    ...lacks.map(({ predicate_type, of }) => no("attestation", `no ${predicate_type}${of === undefined ? "" : ` of ${of}`}`, `let the node's key sign it in the trust file, then ${AGAIN}`)),
    ...(policy.verified_levels ?? []).filter((level) => !levels.has(level)).map((level) => no("level", `no VSA names ${level}`, `judge it where that level is given, then release again`)),
  ];
}

function checks(policy: DeployPolicy, leaves: readonly ObligationLeaf[]): Refusal[] {
  const asked = leaves.filter(({ component, kind }) => component === "checks" && kind === "check");
  const lacking = (policy.checks ?? []).flatMap(({ check, or_not_applicable }) => {
    const leaf = asked.find(({ name }) => name === check);
    // What a job says of itself satisfies nobody.
    if (leaf?.observer === "job") return [no("check", `${check} is what the change's own job said`, `let the gate run ${check}, then release again`)];
    if (leaf?.outcome === "pass" || (or_not_applicable === true && leaf?.outcome === "not_applicable")) return [];
    return [no("check", `${check} ${leaf === undefined ? "is not shown" : `is ${leaf.outcome}`}`, `make ${check} part of the gate, then ${AGAIN}`)];
  });
  const carried = policy.carried === true ? [] : asked.filter(({ observer }) => observer === "external").map(({ name }) => no("carried", `${name} was not run here: its answer came along with the change`, "gate the change without --carried, or allow carried checks in the policy"));
  return [...lacking, ...carried];
}

/** Everything a policy wants of a gate that this one does not have; empty where it has it all. */
export function gateRefusals(policy: DeployPolicy, evidence: GateEvidence, now_s: number): DeployReason[] {
  const { statement, signer, witnesses } = evidence.verification;
  if (statement === null) return [{ ...no("gate.invalid", "no statement", AGAIN), gate_id: null }];
  const { identity, attempt, mode, verdict, gate_id, releases = [] } = statement.predicate;
  const leaves = leavesOf(evidence.bundle);
  const issued_s = timestampSeconds(attempt.issued_at);
  const old = policy.gate_age_s_max !== undefined && !(issued_s !== null && now_s - issued_s <= policy.gate_age_s_max);
  const counted = witnesses?.names.length ?? 0;
  const found: Refusal[] = [
    ...(verdict === "admit" ? [] : [no("gate.verdict", `the verdict is ${verdict}`, "release only what was admitted")]),
    ...(policy.repositories.includes(identity.repo_id) ? [] : [no("repository", `${identity.repo_id} is none of the policy's repositories`, "deploy under the policy of that repository")]),
    ...(policy.target_refs === undefined || policy.target_refs.includes(identity.target_ref) ? [] : [no("target", `it was admitted for ${identity.target_ref}`, "release from one of the policy's branches")]),
    ...((policy.modes ?? ["host", "fork"]).includes(mode) ? [] : [no("mode", `it was judged in mode ${mode}`, "gate and release on a host that reads the operator's remote")]),
    ...(policy.trust_domains === undefined || policy.trust_domains.includes(identity.trust_domain) ? [] : [no("trust_domain", `it was decided under ${identity.trust_domain}`, "release on a node of one of the policy's trust domains")]),
    ...(policy.self_made_trust === true || signer?.self_made === false ? [] : [no("trust.self_made", "the trust file was written by the node for itself: it proves integrity, not authority", "verify with the operator's trust file")]),
    ...(old ? [no("gate.age", `it was admitted at ${attempt.issued_at}`, AGAIN)] : []),
    ...(policy.witnesses_min === undefined || counted >= policy.witnesses_min ? [] : [no("witnesses", `${counted} witnesses cosigned its log entry, wanted ${policy.witnesses_min}`, "fetch the evidence again once witnesses have answered")]),
    ...(policy.overrides !== true && releases.some(({ kind, counts }) => counts && kind === "override") ? [no("override", "somebody broke the glass to admit it", "have it approved in the ordinary way, or allow overrides in the policy")] : []),
    ...beside(policy, evidence),
    ...checks(policy, leaves),
    ...(policy.obligations ?? []).flatMap((wanted) => obligation(evidence.verification, leaves, wanted)),
  ];
  return found.map((reason) => ({ ...reason, gate_id }));
}

/** Why a policy asks for what nothing can meet, or `null`. */
export function policyProblem({ obligations = [] }: DeployPolicy): string | null {
  for (const { name, min, max } of obligations) {
    if (min === undefined && max === undefined) return `obligations: ${name} has neither min nor max`;
    for (const bound of [min, max]) if (bound !== undefined && exactlyAt(bound, 18) === null) return `obligations: ${name}: ${bound} is no bound`;
  }
  return null;
}
