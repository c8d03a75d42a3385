/** Where a verdict came from and what came of it: digests, and for each whether it is still kept. */
import { Type, type Static } from "@sinclair/typebox";
import { Hold, RetentionClass, Tombstone } from "./retention.ts";
import { Choice, Closed, Count, ShortText, Timestamp } from "./scalar.ts";

/** Upstream to downstream. `shipment`: releases of artifacts, and the files that were released. */
export const STAGES = ["source", "snapshot", "outcome", "evidence", "shipment"] as const;
export const LineageStage = Choice(STAGES);
export type LineageStage = Static<typeof LineageStage>;

export const LineageNode = Closed({
  stage: LineageStage,
  kind: Type.String({ maxLength: 64, description: "such as commit, facts, card, bundle, log entry" }),
  name: ShortText,
  digest: Type.Union([Type.String({ maxLength: 200, description: "algorithm:value; hmac-sha256 where the plain digest of a short text could be guessed" }), Type.Null()]),
  at: Type.Union([Timestamp, Type.Null()]),
  class: RetentionClass,
  state: Choice(["kept", "tombstone", "absent", "passing"], { description: "tombstone: went with its time; absent: not here, and nothing says why; passing: never kept, only its digest" }),
});
export type LineageNode = Static<typeof LineageNode>;

/** By index in `nodes`. */
export const LineageEdge = Closed({ from: Count, to: Count });

export const LineageReply = Closed({
  name: Type.String({ maxLength: 128 }),
  gate_id: Type.Union([Type.String({ maxLength: 128 }), Type.Null()]),
  attempt: Type.Union([Count, Type.Null()]),
  hold: Type.Union([Hold, Type.Null()]),
  tombstones: Type.Array(Tombstone, { maxItems: 8 }),
  nodes: Type.Array(LineageNode, { maxItems: 2_000 }),
  edges: Type.Array(LineageEdge, { maxItems: 4_000 }),
});
export type LineageReply = Static<typeof LineageReply>;
