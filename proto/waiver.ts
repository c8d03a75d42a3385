/** Accepted findings: who accepted what, why, and until when. Only what the trusted base holds counts. */
import { Type, type Static } from "@sinclair/typebox";
import { PathBytes, Choice, Closed, Count, RuleId, Sha256Hex, ShortText } from "./scalar.ts";

/** What a waiver speaks of: one rule, or all below a name (`command.lint.*`). */
export const RulePattern = Type.String({ pattern: "^[a-z][a-z0-9-]*(?:\\.[a-z][a-z0-9-]*)*(?:\\.\\*)?$", maxLength: 96, description: "a rule, or every rule below a name: command.lint.*" });

/** One entry of `waivers:`. A missing or bad date is no error of the file: the waiver counts as expired, and the card says so. */
export const WaiverEntry = Closed({
  rule: RulePattern,
  paths: Type.Array(Type.String({ minLength: 1, maxLength: 512 }), { minItems: 1, maxItems: 64, description: "globs below this file's folder; a plain name is that file or everything below that folder" }),
  owner: Type.String({ minLength: 1, maxLength: 200, description: "who answers for it" }),
  reason: Type.String({ minLength: 1, maxLength: 500, description: "why the finding is accepted; it stands on the card" }),
  until: Type.Optional(Type.String({ maxLength: 64, description: "last day it counts, as 2026-12-01, in UTC" })),
});
export type WaiverEntry = Static<typeof WaiverEntry>;

export const WaiverEntries = Type.Array(WaiverEntry, { maxItems: 500, description: "findings accepted with reason, owner and expiry; docs/findings.md" });

/** The waiver that speaks of a finding. Only `accepted` softens anything; the others say why they do not. */
export const Waiver = Closed({
  kind: Choice(["inline", "config"], { description: "a comment beside the line, or an entry of maestro.yaml" }),
  state: Choice(["accepted", "expired", "refused"]),
  rule: RulePattern,
  reason: ShortText,
  owner: Type.Union([ShortText, Type.Null()], { description: "null where it is not known who brought the line" }),
  until: Type.Union([ShortText, Type.Null()], { description: "as it is written; null where no date stands there" }),
  path: PathBytes,
  line: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], { description: "null for an entry of maestro.yaml" }),
  because: Type.Union([ShortText, Type.Null()], { description: "why it does not count; null where it does" }),
});
export type Waiver = Static<typeof Waiver>;

/** One accepted kind of finding of `.maestro-baseline.json`: equal ones are counted, not merged. */
export const BaselineEntry = Closed({ rule: RuleId, path: Type.String({ minLength: 1, maxLength: 4096 }), identity: Sha256Hex, count: Type.Integer({ minimum: 1, maximum: 1_000_000 }) });
export type BaselineEntry = Static<typeof BaselineEntry>;

/** `.maestro-baseline.json`, canonical and sorted, one entry a line. */
export const BaselineFile = Closed({ version: Type.Literal(1), findings: Type.Array(BaselineEntry, { maxItems: 20_000 }) });
export type BaselineFile = Static<typeof BaselineFile>;

export const BASELINE_FILE_NAME = ".maestro-baseline.json";

/** How one check's findings compare with the base. */
export const Comparison = Closed({
  fixed: Type.Array(Closed({ rule: RuleId, count: Count }), { maxItems: 1000, description: "findings of the base that the change takes away" }),
  not_compared: Type.Union([ShortText, Type.Null()], { description: "why findings could not be compared; null where they were" }),
});
export type Comparison = Static<typeof Comparison>;

/** Rules of our checks that the baseline file may list beside those of tools: they find a thing where it stands. Credentials are not among them. */
export const BASELINE_RULES = ["merge.conflict-marker", "text.bidi-control", "test.focused", "test.skipped", "code.debugger", "path.unsafe"] as const;
