/** What a node's own log of decisions says of a learned policy in a change. */
import { Type, type Static } from "@sinclair/typebox";
import { STATEMENT_TYPE, Subject } from "../attestation.ts";
import { Choice, Closed, Decimal, Scale, Sha256Hex, ShortText } from "../scalar.ts";
import { EVALUATION_PREDICATE } from "./derived.ts";

const Bound = Type.Union([Decimal, Type.Null()]);

/** Everything in it follows from the shown leaves of the obligations it stands beside. */
export const EvaluationStatement = Closed({
  _type: Type.Literal(STATEMENT_TYPE),
  subject: Type.Array(Subject, { minItems: 1, maxItems: 8 }),
  predicateType: Type.Literal(EVALUATION_PREDICATE),
  predicate: Closed({
    router: Type.String({ pattern: "^[a-z][a-z0-9-]{0,62}$" }),
    verdict: Choice(["promote", "reject", "insufficient"]),
    report: Closed({ name: ShortText, digest: Closed({ sha256: Sha256Hex }) }),
    /** Bounds, each whole number divided by ten to the power of its scale. */
    obligations: Type.Array(Closed({ name: ShortText, result: Choice(["pass", "fail", "unavailable"]), value: Bound, unit: Type.Union([ShortText, Type.Null()]), scale: Scale, min: Bound, max: Bound, leaf: Sha256Hex }), { minItems: 1, maxItems: 32 }),
    url: ShortText,
  }),
});
export type EvaluationStatement = Static<typeof EvaluationStatement>;
