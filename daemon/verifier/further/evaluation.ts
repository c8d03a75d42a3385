/** What the node's own decisions say of a learned policy that the change brings. */
import { STATEMENT_TYPE } from "../../../proto/attestation.ts";
import { canonicalText } from "../../../proto/canonical.ts";
import { toHex } from "../../../proto/encoding.ts";
import { evaluationName, gainName } from "../../../proto/learned.ts";
import type { ObligationLeaf } from "../../../proto/manifest.ts";
import { attemptUri, EVALUATION_PREDICATE } from "../../../proto/predicates/derived.ts";
import { EvaluationStatement } from "../../../proto/predicates/evaluation.ts";
import { documentLeaf } from "../documents.ts";
import { CARD_LEAF, compareCoordinates, hashLeaf, leafBytes, type Coordinates } from "../leaves.ts";
import { pass, stop } from "../step.ts";
import { kind, type About } from "./kind.ts";

type Shown = Pick<About["manifest"], "shown">;
type Verdict = EvaluationStatement["predicate"]["verdict"];

const isOf = (router: string, { component, name }: Coordinates): boolean => component === "obligations" && name.startsWith(`learning/${router}/`);

function leavesOf({ shown }: Shown): ObligationLeaf[] {
  return [...shown.values()].flatMap((leaf) => (leaf.kind === "identity" ? [] : [leaf]));
}

/** Routers of which the gain is shown. */
export function routersOf(manifest: Shown): string[] {
  return leavesOf(manifest).flatMap(({ component, name }) => {
    const [, router = ""] = component === "obligations" ? (/^learning\/([a-z][a-z0-9-]{0,62})\/gain$/.exec(name) ?? []) : [];
    return router === "" ? [] : [router];
  });
}

function verdictOf(leaves: readonly ObligationLeaf[]): Verdict {
  if (leaves.some(({ outcome }) => outcome === "fail")) return "reject";
  return leaves.every(({ outcome }) => outcome === "pass") ? "promote" : "insufficient";
}

const resultOf = ({ outcome }: ObligationLeaf): "pass" | "fail" | "unavailable" => (outcome === "pass" || outcome === "fail" ? outcome : "unavailable");

/** The statement about one router; `null` where its gain, or the report that travels, is not shown. */
export function evaluationOf({ statement, manifest }: { readonly statement: About["statement"]; readonly manifest: Shown }, router: string): EvaluationStatement | null {
  const all = leavesOf(manifest);
  const leaves = all.filter((leaf) => isOf(router, leaf));
  const report = all.find((leaf) => compareCoordinates(leaf, documentLeaf(evaluationName(router))) === 0)?.source_sha256 ?? null;
  if (report === null || !leaves.some(({ name }) => name === gainName(router))) return null;
  const { gate_id, attempt } = statement.predicate;
  return {
    _type: STATEMENT_TYPE,
    subject: statement.subject,
    predicateType: EVALUATION_PREDICATE,
    predicate: {
      router,
      verdict: verdictOf(leaves),
      report: { name: evaluationName(router), digest: { sha256: report } },
      obligations: leaves.map((leaf) => ({ name: leaf.name, result: resultOf(leaf), value: leaf.value, unit: leaf.unit, scale: leaf.scale, min: leaf.min, max: leaf.max, leaf: toHex(hashLeaf(leafBytes(leaf))) })),
      url: attemptUri(gate_id, attempt),
    },
  };
}

export const EVALUATION = kind(
  EVALUATION_PREDICATE,
  EvaluationStatement,
  (statement, about) => {
    const { router, verdict } = statement.predicate;
    const derived = evaluationOf(about, router);
    if (derived === null || canonicalText(derived) !== canonicalText(statement)) return stop("attestation.mismatch", `the evaluation of ${router} is not what its leaves say`);
    return pass({ of: router, says: verdict });
  },
  ({ predicate: { router } }, leaf) => compareCoordinates(leaf, CARD_LEAF) === 0 || compareCoordinates(leaf, documentLeaf(evaluationName(router))) === 0 || isOf(router, leaf),
);
