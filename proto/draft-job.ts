/** What is asked of a check process about drafts. With its parts as texts: this is read at every start. */
import { Type, type Static } from "@sinclair/typebox";
import { FactsLimits } from "./config.ts";
import { Closed, Count, GitOid, ObjectFormat, Sha256Hex } from "./scalar.ts";
import { GitTools } from "./worker-beside.ts";

const Task = Type.String({ maxLength: 32 });
const Ref = Closed({ name: Type.String(), version: Type.String(), sha256: Sha256Hex });

/** `card` and `findings` as the gate recorded them, as JSON. */
export const DraftJob = Closed({
  kind: Type.Literal("draft"),
  git: GitTools,
  git_dir: Type.String(),
  object_format: ObjectFormat,
  target: GitOid,
  head: GitOid,
  limits: FactsLimits,
  deadline_ms: Count,
  card: Type.String(),
  findings: Type.String(),
  tasks: Type.Array(Task, { maxItems: 16 }),
  said: Type.Array(Closed({ task: Task, text: Type.String(), continued: Type.Optional(Type.Boolean({ description: "answered to the prompt that is gone on with" })) }), { maxItems: 16, description: "what a model answered to the prompts of the same job asked before" }),
  exemplars: Type.Array(Closed({ sha256: Sha256Hex, text: Type.String() }), { maxItems: 8 }),
});
export type DraftJob = Static<typeof DraftJob>;

export const DraftJobReply = Closed({
  kind: Type.Literal("draft"),
  written: Type.Array(
    Closed({
      task: Task,
      text: Type.String(),
      prompt: Type.Union([Closed({ system: Type.String(), user: Type.String(), ref: Ref, continued: Type.Union([Closed({ text: Type.String(), ref: Ref }), Type.Null()], { description: "for a model without a template of turns" }) }), Type.Null()]),
      phrased: Type.Boolean(),
      because: Type.String(),
      cpu_us: Count,
    }),
    { maxItems: 16 },
  ),
});
export type DraftJobReply = Static<typeof DraftJobReply>;
