/** What the core asks of the egress helper. It names a repository of the operator table, never an address. */
import { Type, type Static } from "@sinclair/typebox";
import { ChatJob, ChatReply } from "./chat.ts";
import { KeylessJob, KeylessReply } from "./keyless.ts";
import { StatusJob, StatusReply } from "./status.ts";
import { Base64, Choice, Closed, Count, GitOid, ObjectFormat, RefName, RepositoryId, ShortText } from "./scalar.ts";

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

const CosignJob = Closed(
  {
    kind: Type.Literal("cosign"),
    witness: Type.String({ maxLength: 63 }),
    body: Type.String({ maxLength: 256 * 1024 }),
    deadline_ms: Count,
  },
  { description: "submits a checkpoint to a witness of the operator's table, by its name (C2SP tlog-witness, add-checkpoint)" },
);
export type CosignJob = Static<typeof CosignJob>;

export const EgressJob = Type.Union([TipJob, HistoryJob, ReadJob, StatusJob, KeylessJob, CosignJob, ChatJob]);
export type EgressJob = Static<typeof EgressJob>;
export type TipJob = Static<typeof TipJob>;
export type HistoryJob = Static<typeof HistoryJob>;

const TipReply = Closed({ kind: Type.Literal("tip"), oid: GitOid });
const HistoryReply = Closed({
  kind: Type.Literal("history"),
  tip: GitOid,
  tips: Type.Array(GitOid, { minItems: 1, maxItems: 256, description: "commits whose whole trees are in the body" }),
  bytes: Count,
});
/** A remote that does not answer is an answer: the helper lives on, and its reason is told. */
const FailedReply = Closed({ kind: Type.Literal("failed"), code: Choice(["egress.failed", "egress.denied", "egress.timeout", "egress.refused", "request.not_found", "models.busy", "models.context", "models.denied", "models.request", "models.unknown"]), detail: ShortText, retry_after_s: Type.Optional({ ...Count, description: "how long the other side asks to be left alone" }) });
export type FailedReply = Static<typeof FailedReply>;
const ReadReply = Closed({ kind: Type.Literal("read"), bytes: Base64 });
/** What the witness said, whatever it was. */
const CosignReply = Closed({ kind: Type.Literal("cosign"), status: Count, type: Type.String({ maxLength: 200 }), text: Type.String() });
export const EgressReply = Type.Union([TipReply, HistoryReply, ReadReply, StatusReply, KeylessReply, CosignReply, ChatReply, FailedReply]);
export type EgressReply = Static<typeof EgressReply>;
export type CosignReply = Static<typeof CosignReply>;
export type HistoryReply = Static<typeof HistoryReply>;
