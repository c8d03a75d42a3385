import { Type, type Static } from "@sinclair/typebox";
import { STATEMENT_TYPE, Subject } from "../attestation.ts";
import { Choice, Closed, Sha256Hex, ShortText, Timestamp } from "../scalar.ts";
import { VSA_PREDICATE } from "./derived.ts";

const Resource = Closed({ uri: ShortText, digest: Closed({ sha256: Sha256Hex }) });

/** A Verification Summary Attestation. It claims no SLSA level: a gate verifies no provenance. */
export const VsaStatement = Closed({
  _type: Type.Literal(STATEMENT_TYPE),
  subject: Type.Array(Subject, { minItems: 1, maxItems: 8 }),
  predicateType: Type.Literal(VSA_PREDICATE),
  predicate: Closed({
    verifier: Closed({ id: ShortText, version: Closed({ maestro: ShortText }) }),
    timeVerified: Timestamp,
    resourceUri: ShortText,
    policy: Resource,
    inputAttestations: Type.Array(Resource, { minItems: 1, maxItems: 1, description: "the obligations statement, by the digest of its DSSE payload" }),
    verificationResult: Choice(["PASSED", "FAILED"]),
    verifiedLevels: Type.Array(ShortText, { minItems: 1, maxItems: 1 }),
    slsaVersion: Type.Literal("1.1"),
  }),
});
export type VsaStatement = Static<typeof VsaStatement>;
