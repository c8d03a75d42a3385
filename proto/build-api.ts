/** What is asked and answered of a build on the socket. */
import { Type, type Static } from "@sinclair/typebox";
import { FailureEvent, IntakeId } from "./api.ts";
import { BuildId, BuildRow } from "./build.ts";
import { CommandName, InnerPath } from "./command.ts";
import { Base64, Choice, Closed, Count, GitOid, RefName, ShortText } from "./scalar.ts";

/** Names a declared build and a commit. Nothing of what is run or attested comes from here. */
export const BuildRequest = Closed({
  intake_id: IntakeId,
  target_ref: RefName,
  target: GitOid,
  commit: GitOid,
  name: CommandName,
  repeat: Type.Optional(Type.Boolean({ description: "run it twice and say which outputs differ" })),
});
export type BuildRequest = Static<typeof BuildRequest>;

export const BuildProgress = Closed({ event: Type.Literal("progress"), stage: Choice(["queued", "plan", "tree", "tools", "run", "repeat", "evidence"]), duration_us: Count });
export type BuildProgress = Static<typeof BuildProgress>;

/** `bundle` is the signed provenance; the outputs are fetched by `build_id`. */
export const Built = Closed({
  event: Type.Literal("built"),
  row: BuildRow,
  bundle: Base64,
  log: Type.String({ description: "the last lines it printed" }),
  differing: Type.Union([Type.Array(InnerPath), Type.Null()], { description: "outputs that a second run made otherwise; null where there was none" }),
  gaps: Type.Array(ShortText, { description: "what of the tree the build did not see" }),
});
export type Built = Static<typeof Built>;

/** It ran, or should have, and is nothing anybody attests. */
export const BuildFailed = Closed({ event: Type.Literal("failed"), because: ShortText, log: Type.String() });
export type BuildFailed = Static<typeof BuildFailed>;

export const BuildEvent = Type.Union([BuildProgress, Built, BuildFailed, FailureEvent]);
export type BuildEvent = Static<typeof BuildEvent>;

/** What is kept of a build: first what it is, then its files piece by piece, in their order. */
export const BuildRecord = Closed({ event: Type.Literal("record"), row: BuildRow, bundle: Base64 });
export const BuildPiece = Closed({ event: Type.Literal("piece"), file: Count, bytes: Base64 });
export const BuildEnd = Closed({ event: Type.Literal("end"), build_id: BuildId });
export const BuildFilesEvent = Type.Union([BuildRecord, BuildPiece, BuildEnd, FailureEvent]);
export type BuildFilesEvent = Static<typeof BuildFilesEvent>;
