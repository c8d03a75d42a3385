/** Episodes on their way into Parquet files: what a check process is told, and what whoever asks for an export is. */
import { Type, type Static } from "@sinclair/typebox";
import { FailureEvent } from "./api.ts";
import { type Episode, SplitFilter } from "./episode.ts";
import { ConstraintName, ContextField, RouterId } from "./routing.ts";
import { Base64, Closed, Count, Sha256Hex } from "./scalar.ts";

/** An hour of UTC, as folders of partitions are called. */
export const Hour = Type.String({ pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}$", description: "an hour, UTC" });

/** One line of a job. `learnable`: as the one rule of the node says. */
export interface ExportRow {
  readonly episode: Episode;
  readonly learnable: boolean;
}

/** Some rows of one file. The core read them from records that were checked, so here they are one text, and costs no validator a second look. */
export const PartitionJob = Closed({
  kind: Type.Literal("partition"),
  path: Type.String({ description: "made new; the core moves it to where it belongs" }),
  router: RouterId,
  hour: Hour,
  context: Type.Array(ContextField),
  constraints: Type.Array(ConstraintName),
  rows: Type.String({ description: "one row as JSON on each line" }),
  end: Type.Boolean({ description: "with these the file is whole" }),
});
export type PartitionJob = Static<typeof PartitionJob>;
export const PartitionReply = Closed({ kind: Type.Literal("partition"), rows: Count, bytes: Count, sha256: Type.Union([Sha256Hex, Type.Null()], { description: "of the file, once it is whole" }) });
export type PartitionReply = Static<typeof PartitionReply>;

/** Whose rows, of which hours. Nothing but what candidates are searched on, unless more is asked for. */
export const ExportRequest = Closed({
  router: RouterId,
  from_ms: Type.Optional({ ...Count, description: "decided then or later, in milliseconds since 1970; absent: the oldest kept" }),
  to_ms: Type.Optional({ ...Count, description: "decided before; absent: the newest" }),
  split: Type.Optional({ ...SplitFilter, description: "absent: search. Whoever looks at safety spends what a verdict on a candidate rests on" }),
  unlearnable: Type.Optional({ ...Type.Boolean(), description: "also what nothing is learned from: forced, still open, censored" }),
});
export type ExportRequest = Static<typeof ExportRequest>;

/** Of everything in the time that was asked for and that the asker may see. */
export const ExportCounts = Closed({
  exported: Count,
  exported_safety: { ...Count, description: "of those, from the half that candidates are judged on" },
  exported_unlearnable: { ...Count, description: "of those, nothing is learned from" },
  left_out_split: { ...Count, description: "of the other half" },
  left_out_unlearnable: Count,
});
export type ExportCounts = Static<typeof ExportCounts>;

/** One hour: first what it is, then its bytes in order. */
export const ExportFile = Closed({ event: Type.Literal("file"), router: RouterId, hour: Hour, rows: Count, bytes: Count, sha256: Sha256Hex });
export type ExportFile = Static<typeof ExportFile>;
export const ExportPiece = Closed({ event: Type.Literal("piece"), bytes: Base64 });
export const ExportEnd = Closed({ event: Type.Literal("end"), files: Count, counts: ExportCounts });
export type ExportEnd = Static<typeof ExportEnd>;
export const ExportEvent = Type.Union([ExportFile, ExportPiece, ExportEnd, FailureEvent]);
export type ExportEvent = Static<typeof ExportEvent>;
