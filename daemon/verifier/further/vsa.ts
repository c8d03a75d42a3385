import { STATEMENT_TYPE, type Statement } from "../../../proto/attestation.ts";
import { canonicalText } from "../../../proto/canonical.ts";
import { attemptUri, gateLevel, policyResource, repositoryUri, verifierId, VSA_PREDICATE } from "../../../proto/predicates/derived.ts";
import { VsaStatement } from "../../../proto/predicates/vsa.ts";
import { pass, stop } from "../step.ts";
import { kind } from "./kind.ts";

/** The one Verification Summary of these obligations, whose DSSE payload has this digest; `null` for a hold, which is no result. */
export function vsaOf({ subject, predicate: { verifier, gate_id, identity, attempt, mode, verdict } }: Statement, statement_sha256: string): VsaStatement | null {
  if (verdict === "hold") return null;
  const admitted = verdict === "admit";
  return {
    _type: STATEMENT_TYPE,
    subject,
    predicateType: VSA_PREDICATE,
    predicate: {
      verifier: { id: verifierId(identity.trust_domain, mode), version: { maestro: verifier.version } },
      timeVerified: attempt.issued_at,
      resourceUri: repositoryUri(identity.repo_id),
      policy: policyResource(identity),
      inputAttestations: [{ uri: attemptUri(gate_id, attempt), digest: { sha256: statement_sha256 } }],
      verificationResult: admitted ? "PASSED" : "FAILED",
      verifiedLevels: [admitted ? gateLevel(mode) : "FAILED"],
      slsaVersion: "1.1",
    },
  };
}

export const VSA = kind(VSA_PREDICATE, VsaStatement, (statement, about) => {
  const derived = vsaOf(about.statement, about.statement_sha256);
  if (derived === null || canonicalText(derived) !== canonicalText(statement)) return stop("attestation.mismatch", "the verification summary is not the one of these obligations");
  const { verificationResult, verifiedLevels } = statement.predicate;
  return pass({ of: null, says: verificationResult === "PASSED" ? `PASSED ${verifiedLevels.join(" ")}` : verificationResult });
});
