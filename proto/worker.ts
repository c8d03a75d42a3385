/** What the core and its check processes say to each other over the pipe. */
import { Type, type Static } from "@sinclair/typebox";
import { Actor } from "./actor.ts";
import { FactsLimits, RepositoryConfig, Thresholds } from "./config.ts";
import { PolicyResult } from "./decision.ts";
import { Gap } from "./facts.ts";
import { Outcome } from "./outcome.ts";
import { CheckName, Closed, Count, GitOid, ObjectFormat, PathBytes, Sha256Hex, ShortText } from "./scalar.ts";

/** Which two commits, in which store. The core has only seen their names; a check process opens this store and no other. */
export const FactsJob = Closed({
  kind: Type.Literal("facts"),
  git: Closed({ git: Type.String(), version: ShortText, prlimit: Type.Union([Type.String(), Type.Null()]) }),
  git_dir: Type.String(),
  object_format: ObjectFormat,
  target: GitOid,
  head: GitOid,
  want_tree_sha256: Type.Boolean({ description: "false in a replay, which signs nothing" }),
  facts_path: Type.String({ description: "where to write the facts document" }),
  policy_path: Type.String({ description: "where to write the base's own policy bundle, if it has one" }),
  deadline_ms: Count,
  limits: FactsLimits,
});

/** The change as its own commits prove it. `merge_tree` is null where the merge conflicts. */
export const ResolvedChange = Type.Union([
  Closed({
    history: Type.Literal("known"),
    kind: Type.Union([Type.Literal("merge"), Type.Literal("landed")]),
    merge_base: Type.Union([GitOid, Type.Null()], { description: "null for a root commit" }),
    base: Type.Union([GitOid, Type.Null()], { description: "commit the merge was made on: target tip, or the first parent of a landed head" }),
    merge_tree: Type.Union([GitOid, Type.Null()]),
    conflicts: Type.Array(PathBytes, { maxItems: 10_000 }),
  }),
  Closed({ history: Type.Literal("unknown"), because: ShortText }),
]);
export type ResolvedChange = Static<typeof ResolvedChange>;

/** What the core learns of the facts; the document itself stays in the file. */
export const FactsReply = Closed({
  kind: Type.Literal("facts"),
  change: ResolvedChange,
  title: ShortText,
  actor: Actor,
  files: Count,
  added_lines: Count,
  removed_lines: Count,
  empty: Type.Boolean({ description: "the change changes nothing" }),
  tree_sha256: Type.Union([Sha256Hex, Type.Null()]),
  facts_sha256: Sha256Hex,
  gaps: Type.Array(Gap, { maxItems: 1000 }),
  config: Type.Union([
    Closed({ state: Type.Literal("absent") }),
    Closed({ state: Type.Literal("read"), config: RepositoryConfig, has_policy: Type.Boolean() }),
    Closed({ state: Type.Literal("broken"), because: ShortText }),
  ]),
});
export type FactsReply = Static<typeof FactsReply>;

export const CheckJob = Closed({
  kind: Type.Literal("check"),
  check: CheckName,
  facts_path: Type.String(),
  facts_sha256: Sha256Hex,
  thresholds: Thresholds,
});

export const CheckReply = Closed({ kind: Type.Literal("check"), outcome: Outcome, duration_us: Count });

export const PolicyJob = Closed({
  kind: Type.Literal("policy"),
  bundles: Type.Array(Type.String(), { minItems: 1, maxItems: 8, description: "paths of OPA bundles; the strictest answer counts" }),
  input: Type.Unknown({ description: "see daemon/policy/input.ts" }),
});
export const PolicyReply = Closed({ kind: Type.Literal("policy"), result: PolicyResult, duration_us: Count });

export const WorkerJob = Type.Union([FactsJob, CheckJob, PolicyJob]);
export type WorkerJob = Static<typeof WorkerJob>;
export type FactsJob = Static<typeof FactsJob>;
export type CheckJob = Static<typeof CheckJob>;
export type PolicyJob = Static<typeof PolicyJob>;

export const WorkerReply = Type.Union([FactsReply, CheckReply, PolicyReply]);
export type WorkerReply = Static<typeof WorkerReply>;
export type CheckReply = Static<typeof CheckReply>;
export type PolicyReply = Static<typeof PolicyReply>;
