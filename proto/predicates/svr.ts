import { Type, type Static } from "@sinclair/typebox";
import { STATEMENT_TYPE, Subject } from "../attestation.ts";
import { Closed, Sha256Hex, ShortText, Timestamp } from "../scalar.ts";
import { SVR_PREDICATE } from "./derived.ts";

const PolicyResource = Closed({ uri: ShortText, digest: Closed({ sha256: Sha256Hex }) });

/** A Simple Verification Result lists what was verified, and so has nothing to say of a refusal but an empty list. */
export const SvrStatement = Closed({
  _type: Type.Literal(STATEMENT_TYPE),
  subject: Type.Array(Subject, { minItems: 1, maxItems: 8 }),
  predicateType: Type.Literal(SVR_PREDICATE),
  predicate: Closed({
    verifier: Closed({ id: ShortText, policies: Type.Array(PolicyResource, { maxItems: 1 }) }),
    timeCreated: Timestamp,
    properties: Type.Array(ShortText, { maxItems: 1, description: "that passed" }),
  }),
});
export type SvrStatement = Static<typeof SvrStatement>;
