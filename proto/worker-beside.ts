/** Questions to a check process beside the judging of a change: what trees pin, what builds are run with and printed, which commits lie between two. */
import { Type, type Static } from "@sinclair/typebox";
import { Gap } from "./facts.ts";
import { Base64, Closed, Count, GitOid, ObjectFormat, Sha256Hex, ShortText } from "./scalar.ts";

/** With what a check process runs git. */
export const GitTools = Closed({ git: Type.String(), version: ShortText, prlimit: Type.Union([Type.String(), Type.Null()]) });

const Told = Type.Union([Closed({ sha256: Sha256Hex }), Closed({ because: ShortText })]);

/** Content digests of what a build is run with: its program, and every tool chain but the machine's own. */
export const ToolDigestsJob = Closed({
  kind: Type.Literal("tool-digests"),
  program: Type.String(),
  path: Type.Array(Type.String()),
  mounts: Type.Array(Closed({ name: Type.String(), host: Type.String(), inside: Type.String(), whole: Type.Boolean({ description: "false: only the program is looked for here" }) })),
  entries_max: Count,
  bytes_max: Count,
  deadline_ms: Count,
});
export type ToolDigestsJob = Static<typeof ToolDigestsJob>;
export const ToolDigestsReply = Closed({ kind: Type.Literal("tool-digests"), program: Type.Union([Closed({ path: Type.String(), sha256: Sha256Hex }), Closed({ because: ShortText })]), mounts: Type.Array(Closed({ name: Type.String(), inside: Type.String(), told: Told })) });
export type ToolDigestsReply = Static<typeof ToolDigestsReply>;

/** What a build printed, for people: credentials masked. */
export const BuildLogJob = Closed({ kind: Type.Literal("build-log"), stdout: Base64, stderr: Base64 });
export type BuildLogJob = Static<typeof BuildLogJob>;
export const BuildLogReply = Closed({ kind: Type.Literal("build-log"), text: Type.String({ maxLength: 512 * 1024 }) });
export type BuildLogReply = Static<typeof BuildLogReply>;

/** The bill of materials of the facts' merged tree, or of a commit's tree. */
export const SbomJob = Closed({
  kind: Type.Literal("sbom"),
  git: GitTools,
  git_dir: Type.String(),
  object_format: ObjectFormat,
  of: Type.Union([Closed({ tree: GitOid, facts_path: Type.String(), facts_sha256: Sha256Hex }), Closed({ commit: GitOid })]),
  name: Type.String(),
  into: Type.String({ description: "where to write it; nothing is there yet" }),
  tree_entries_max: Count,
  deadline_ms: Count,
});
export type SbomJob = Static<typeof SbomJob>;
export const SbomReply = Closed({
  kind: Type.Literal("sbom"),
  made: Type.Union([Closed({ path: Type.String(), sha256: Sha256Hex, packages: Count, gaps: Type.Array(Gap, { maxItems: 256 }) }), Type.Null()], { description: "null where no lock file is touched, or the tree has none" }),
});
export type SbomReply = Static<typeof SbomReply>;

/** The commits of `to` that `from` does not have, and the content digests of some trees. */
export const CommitsJob = Closed({
  kind: Type.Literal("commits"),
  git: GitTools,
  git_dir: Type.String(),
  object_format: ObjectFormat,
  range: Type.Union([Closed({ from: Type.Union([GitOid, Type.Null()]), to: GitOid }), Type.Null()]),
  tip: Type.Union([GitOid, Type.Null()], { description: "whether `to` is behind it" }),
  trees: Type.Array(GitOid),
  commits_max: Count,
  tree_entries_max: Count,
  deadline_ms: Count,
});
export type CommitsJob = Static<typeof CommitsJob>;
export const CommitsReply = Closed({
  kind: Type.Literal("commits"),
  commits: Type.Array(Closed({ oid: GitOid, tree: GitOid, parents: Type.Array(GitOid), words: Sha256Hex })),
  because: Type.Union([ShortText, Type.Null()], { description: "why the commits are not known; null where they are" }),
  behind_tip: Type.Union([Type.Boolean(), Type.Null()]),
  digests: Type.Array(Sha256Hex),
});
export type CommitsReply = Static<typeof CommitsReply>;

/** Pieces of code that the newest commits behind `tip` added, masked and bounded: how this repository writes. */
export const HunksJob = Closed({
  kind: Type.Literal("hunks"),
  git: GitTools,
  git_dir: Type.String(),
  object_format: ObjectFormat,
  tip: GitOid,
  commits_max: Count,
  hunks_max: Count,
  secret_paths: Type.Array(Type.String({ maxLength: 512 }), { maxItems: 256, description: "globs of files of which nothing is shown" }),
  deadline_ms: Count,
});
export type HunksJob = Static<typeof HunksJob>;
export const HunksReply = Closed({
  kind: Type.Literal("hunks"),
  hunks: Type.Array(Closed({ sha256: { ...Sha256Hex, description: "of the text's UTF-8 bytes" }, language: Type.String({ maxLength: 32 }), commit: GitOid, text: Type.String({ maxLength: 2_000 }) }), { maxItems: 4_096 }),
});
export type HunksReply = Static<typeof HunksReply>;
