import { STATEMENT_TYPE, type Statement } from "../../../proto/attestation.ts";
import { canonicalText } from "../../../proto/canonical.ts";
import { gateLevel, policyResource, SVR_PREDICATE, verifierId } from "../../../proto/predicates/derived.ts";
import { SvrStatement } from "../../../proto/predicates/svr.ts";
import { pass, stop } from "../step.ts";
import { kind } from "./kind.ts";

/** The one Simple Verification Result of these obligations; `null` for a hold, which is no result. */
export function svrOf({ subject, predicate: { identity, attempt, mode, verdict } }: Statement): SvrStatement | null {
  if (verdict === "hold") return null;
  return {
    _type: STATEMENT_TYPE,
    subject,
    predicateType: SVR_PREDICATE,
    predicate: {
      verifier: { id: verifierId(identity.trust_domain, mode), policies: [policyResource(identity)] },
      timeCreated: attempt.issued_at,
      properties: verdict === "admit" ? [gateLevel(mode)] : [],
    },
  };
}

export const SVR = kind(SVR_PREDICATE, SvrStatement, (statement, about) => {
  const derived = svrOf(about.statement);
  if (derived === null || canonicalText(derived) !== canonicalText(statement)) return stop("attestation.mismatch", "the simple verification result is not the one of these obligations");
  const [property] = statement.predicate.properties;
  return pass({ of: null, says: property ?? "nothing verified" });
});
