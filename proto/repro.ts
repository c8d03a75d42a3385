/**
 * A gate to be run again elsewhere: what was judged, by what, and what came of it. One file: a line that says what it is, this header as one
 * line of canonical JSON, and behind it the git objects as an intake takes them. There are no paths and no links in it, so none can lead anywhere.
 */
import { Type, type Static } from "@sinclair/typebox";
import { IntakeRequest } from "./api.ts";
import { EvidenceBundle, LeftOut } from "./evidence-bundle.ts";
import { KeptFindings } from "./findings.ts";
import { HandedReport } from "./report.ts";
import { CheckName, Choice, Closed, Count, GitOid, RefName, Sha256Hex, ShortText } from "./scalar.ts";

export const REPRO_MAGIC = "maestro-repro 1\n";
/** An evidence bundle, findings and reports fit; git objects come behind. */
export const REPRO_HEADER_BYTES_MAX = 192 * 1024 * 1024;
/** As an intake takes at most by default. */
export const REPRO_OBJECTS_BYTES_MAX = 2 * 1024 * 1024 * 1024;

/** A program that a declared command names, as it was found where the pack was made. */
export const ReproTool = Closed({ command: CheckName, run: Type.Array(Type.String({ maxLength: 4096 }), { maxItems: 256 }), sha256: Type.Union([Sha256Hex, Type.Null()], { description: "null where it was not found there" }) });
export type ReproTool = Static<typeof ReproTool>;

export const ReproHeader = Closed({
  type: Type.Literal("maestro.repro"),
  v: Type.Literal(1),
  command: Type.String({ maxLength: 200, description: "what runs it again" }),
  check: Type.Union([CheckName, Type.Null()], { description: "whose outcome is compared; null: all of it" }),
  evidence: EvidenceBundle,
  findings: Type.Union([KeptFindings, Type.Null()], { description: "null where they are no longer kept" }),
  change: Closed({ target_ref: RefName, target: GitOid, head: GitOid }),
  intake: Closed({ object_format: IntakeRequest.properties.object_format, cuts: IntakeRequest.properties.cuts, tips: IntakeRequest.properties.tips }),
  objects: Type.Union([Closed({ bytes: Count, sha256: Sha256Hex }), Type.Null()], { description: "null where they were left out; then a clone that has them is named at the replay" }),
  reports: Type.Array(HandedReport, { maxItems: 16 }),
  tools: Type.Array(ReproTool, { maxItems: 64 }),
  seeds: Type.Array(ShortText, { maxItems: 0, description: "nothing that a gate runs draws by a seed" }),
  environment: Closed({ maestro: ShortText, bun: ShortText, git: ShortText, platform: ShortText, arch: ShortText }),
  left_out: Type.Array(LeftOut, { maxItems: 128 }),
});
export type ReproHeader = Static<typeof ReproHeader>;

/** What a replay says. */
export const ReproReply = Closed(
  {
    outcome: Choice(["same", "different", "not_comparable"]),
    recorded_sha256: Sha256Hex,
    replayed_sha256: Sha256Hex,
    verdict: Closed({ recorded: ShortText, replayed: ShortText }),
    differences: Type.Array(ShortText, { maxItems: 1_000 }),
    because: Type.Array(ShortText, { maxItems: 64, description: "why it cannot be compared, or what else was not as it was" }),
    evidence: Choice(["verified", "not_checked"], { description: "whether a trust file was given, and the recorded evidence verified under it" }),
  },
  { $id: "ReproReply" },
);
export type ReproReply = Static<typeof ReproReply>;
