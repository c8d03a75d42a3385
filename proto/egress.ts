/** What the core asks of the egress helper. It names a repository of the operator table, never an address. */
import { Type, type Static } from "@sinclair/typebox";
import { Base64, Closed, Count, GitOid, ObjectFormat, RefName, RepositoryId } from "./scalar.ts";

/** Bytes of one `read`. A frame of it fits the buffer of a socket, so that the helper's write never waits for the core's next question. */
export const EGRESS_READ_BYTES = 96 * 1024;

const target = { repository: RepositoryId, ref: RefName, deadline_ms: Count } as const;

const TipJob = Closed({ kind: Type.Literal("tip"), ...target }, { description: "the commit a branch of the remote stands at" });
const HistoryJob = Closed(
  {
    kind: Type.Literal("history"),
    ...target,
    object_format: ObjectFormat,
    tip: GitOid,
    head: GitOid,
    have: Type.Array(GitOid, { maxItems: 64, description: "commits the core holds with tree and history: what lies behind them is not sent" }),
  },
  { description: "fetches the branch and makes a pack body of it (see pack-body.ts), to be read in this same conversation" },
);
const ReadJob = Closed({ kind: Type.Literal("read"), offset: Count }, { description: "the next bytes of the body" });

export const EgressJob = Type.Union([TipJob, HistoryJob, ReadJob]);
export type EgressJob = Static<typeof EgressJob>;
export type HistoryJob = Static<typeof HistoryJob>;

export const TipReply = Closed({ kind: Type.Literal("tip"), oid: GitOid });
export const HistoryReply = Closed({
  kind: Type.Literal("history"),
  tip: GitOid,
  tips: Type.Array(GitOid, { minItems: 1, maxItems: 256, description: "commits whose whole trees are in the body" }),
  bytes: Count,
});
export const ReadReply = Closed({ kind: Type.Literal("read"), bytes: Base64 });
export type HistoryReply = Static<typeof HistoryReply>;
