/** What a node puts its name to about drafts: which arm wrote them with which model and prompt, of which gate. Not that they are right. */
import { Type, type Static } from "@sinclair/typebox";
import { STATEMENT_TYPE } from "../attestation.ts";
import { Mode } from "../change.ts";
import { Draft, DRAFT_TASKS, PromptRef } from "../drafting.ts";
import { Closed, RepositoryId, Sha256Hex, ShortText, Timestamp } from "../scalar.ts";
import { DRAFT_PREDICATE } from "./draft-type.ts";

const { task, path, sha256, cost, model, prompt, asked, exemplars } = Draft.properties;

/** No verdict stands in it: a draft has none. */
export const DraftPredicate = Closed({
  trust_domain: Type.String({ maxLength: 253 }),
  mode: Mode,
  at: Timestamp,
  repository: RepositoryId,
  gate_id: Type.String({ maxLength: 128 }),
  attempt: Type.Integer({ minimum: 1 }),
  drafts: Type.Array(Closed({ task, path, sha256, cost, model, prompt, asked, exemplars }), { minItems: 1, maxItems: DRAFT_TASKS.length }),
  conductors: Type.Array(PromptRef, { maxItems: 8, description: "prompts of the whole, whose duties code keeps; see docs/prompts.md" }),
});
export type DraftPredicate = Static<typeof DraftPredicate>;

export const DraftStatement = Closed({
  _type: Type.Literal(STATEMENT_TYPE),
  subject: Type.Array(Closed({ name: ShortText, digest: Closed({ sha256: Sha256Hex }) }), { minItems: 1, maxItems: 1, description: "the gate's attempt, by the root of its manifest" }),
  predicateType: Type.Literal(DRAFT_PREDICATE),
  predicate: DraftPredicate,
});
export type DraftStatement = Static<typeof DraftStatement>;
