import { Type, type Static } from "@sinclair/typebox";
import { Actor, Person } from "./actor.ts";
import { InvariantsEntry, SpecEntries } from "./formal.ts";
import { LearnedEntries } from "./learned.ts";
import { RulePattern } from "./waiver.ts";
import { Base64, Choice, Closed, Count, GitOid, PathBytes, ShortText } from "./scalar.ts";

export const Trailer = Closed({ key: ShortText, value: ShortText });
export type Trailer = Static<typeof Trailer>;

export const Commit = Closed({
  oid: GitOid,
  parents: Type.Array(GitOid, { maxItems: 64 }),
  author: Person,
  committer: Person,
  subject: ShortText,
  trailers: Type.Array(Trailer, { maxItems: 64 }),
  signed: Type.Boolean({ description: "carries a signature header; not verified here" }),
});
export type Commit = Static<typeof Commit>;

export const LineOp = Choice(["+", "-", " "]);
export const Line = Closed({ op: LineOp, text: Type.String() });
export type Line = Static<typeof Line>;

/** One hunk of a unified diff; starts are 1-based line numbers, 0 for an empty side. */
export const Hunk = Closed({
  old_start: Count,
  old_lines: Count,
  new_start: Count,
  new_lines: Count,
  lines: Type.Array(Line),
});
export type Hunk = Static<typeof Hunk>;

export const FileMode = Choice(["100644", "100755", "120000", "160000", "040000", "100664"]);
export const FileSide = Closed({ mode: FileMode, oid: GitOid, size: Count });
export type FileSide = Static<typeof FileSide>;

export const FileChange = Closed({
  path: PathBytes,
  old_path: Type.Union([PathBytes, Type.Null()], { description: "set for renames and copies" }),
  status: Choice(["added", "modified", "deleted", "renamed", "copied", "type_changed"]),
  old: Type.Union([FileSide, Type.Null()]),
  new: Type.Union([FileSide, Type.Null()]),
  binary: Type.Boolean({ description: "a NUL in a line of the diff; never taken from attributes of the change" }),
  lfs: Type.Boolean({ description: "the new side is a Git LFS pointer, so its content was not seen" }),
  hunks: Type.Array(Hunk),
  truncated: Type.Boolean({ description: "hunks were cut at a limit; see gaps" }),
});
export type FileChange = Static<typeof FileChange>;

/** What was not looked at, and why; it follows every outcome that depends on it. */
export const Gap = Closed({ what: ShortText, because: ShortText });
export type Gap = Static<typeof Gap>;

export const TreeEntry = Closed({ path: PathBytes, mode: FileMode, oid: GitOid });
export type TreeEntry = Static<typeof TreeEntry>;

/** Whole content of one side of a changed file that a check asked for by pattern. */
export const FileContent = Closed({ path: PathBytes, side: Choice(["old", "new"]), bytes: Base64 });
export type FileContent = Static<typeof FileContent>;

/** A command that trusted configuration declares and something required rests on; see docs/commands.md. */
export const DeclaredCommand = Closed({
  name: Type.String({ maxLength: 64 }),
  run: Type.Array(Type.String()),
  cwd: Type.String({ description: "below the tree, empty for its root" }),
  env: Type.Array(Type.String(), { description: "values of its environment" }),
  guards: Type.Array(Type.String()),
  required: Type.Boolean(),
  obligations: Type.Array(Type.String(), { description: "required obligations that are read from what it leaves" }),
});
export type DeclaredCommand = Static<typeof DeclaredCommand>;

/** A file of scripts or targets that a declared command's words lead through, changed or not, before and after the change; null where it is not there. */
export const RunnerFile = Closed({
  path: Type.String(),
  old: Type.Union([Base64, Type.Null()]),
  new: Type.Union([Base64, Type.Null()]),
  unread: Type.Union([ShortText, Type.Null()], { description: "why it stands there and could not be read" }),
});
export type RunnerFile = Static<typeof RunnerFile>;

/** What would be declared once the change is in. It is compared with what the base declares, and never followed. */
export const FormalAfter = Type.Union([Closed({ specs: SpecEntries, invariants: Type.Union([InvariantsEntry, Type.Null()]) }), Closed({ broken: ShortText })]);
export type FormalAfter = Static<typeof FormalAfter>;

/** Models and invariants that the trusted base declares, and the files they stand in: those of a folder that the change or the mirrored code touches, before and after. */
export const FormalFacts = Closed({
  specs: SpecEntries,
  invariants: Type.Union([InvariantsEntry, Type.Null()]),
  after: Type.Optional(FormalAfter),
  files: Type.Array(RunnerFile),
});
export type FormalFacts = Static<typeof FormalFacts>;

/** Learned policies that the trusted base declares, and the files they stand in where the change touches them. */
export const LearnedFacts = Closed({
  entries: LearnedEntries,
  after: Type.Optional(Type.Union([Closed({ entries: LearnedEntries }), Closed({ broken: ShortText })], { description: "what would be declared once the change is in; absent: the same" })),
  files: Type.Array(RunnerFile),
});
export type LearnedFacts = Static<typeof LearnedFacts>;

/** What a waiver of the trusted base speaks of, without who accepted it and until when: no finding is the same one within its reach and out of it. */
export const WaivedPlace = Closed({ folder: Type.String(), rule: RulePattern, paths: Type.Array(Type.String()) });
export type WaivedPlace = Static<typeof WaivedPlace>;

/**
 * Collected once from the merged tree; checks read nothing else. `basis` says
 * which two trees were compared: normally target tip and merged tree, on a
 * conflict merge base and head.
 */
export const Facts = Closed(
  {
    basis: Choice(["target..merge", "base..head"]),
    history: Choice(["known", "unknown"]),
    conflicts: Type.Array(PathBytes),
    commits: Type.Array(Commit),
    actor: Actor,
    title: ShortText,
    files: Type.Array(FileChange),
    tree: Type.Array(TreeEntry, { description: "every entry of the merged tree" }),
    contents: Type.Array(FileContent),
    added_lines: Count,
    removed_lines: Count,
    revert: Type.Boolean(),
    merge: Type.Boolean({ description: "head is a merge commit" }),
    base_policy: Type.Union([Type.String({ maxLength: 1024 }), Type.Null()], { description: "path of the policy bundle that the base's maestro.yaml names: editing it edits the gate" }),
    commands: Type.Array(DeclaredCommand, { description: "editing what one of them runs edits the gate" }),
    runners: Type.Array(RunnerFile),
    formal: FormalFacts,
    learned: LearnedFacts,
    waived: Type.Array(WaivedPlace, { description: "of rules that find a thing where it stands in the change; waivers of outside tools are not among them" }),
    gaps: Type.Array(Gap),
  },
  { description: "what is known about a change" },
);
export type Facts = Static<typeof Facts>;
