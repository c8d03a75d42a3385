/** What is asked of a check process about the lines around findings. */
import { Type, type Static } from "@sinclair/typebox";
import { CONTEXT_FINDINGS_MAX, FindingContext } from "./cards.ts";
import { FactsLimits } from "./config.ts";
import { Closed, Count, GitOid, ObjectFormat } from "./scalar.ts";
import { GitTools } from "./worker-beside.ts";

/** Where a finding is, as the gate recorded it. */
export const FoundPlace = Type.Omit(FindingContext, ["lines", "because"]);
export type FoundPlace = Static<typeof FoundPlace>;

export const ContextJob = Closed({
  kind: Type.Literal("context"),
  git: GitTools,
  git_dir: Type.String(),
  object_format: ObjectFormat,
  target: GitOid,
  head: GitOid,
  limits: FactsLimits,
  deadline_ms: Count,
  places: Type.Array(FoundPlace, { maxItems: CONTEXT_FINDINGS_MAX }),
});
export type ContextJob = Static<typeof ContextJob>;

export const ContextJobReply = Closed({ kind: Type.Literal("context"), findings: Type.Array(FindingContext, { maxItems: CONTEXT_FINDINGS_MAX }) });
export type ContextJobReply = Static<typeof ContextJobReply>;
