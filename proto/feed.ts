/** What was decided, in order, for whoever tells others: the newest word on each head, and the evidence for it. */
import { Type, type Static } from "@sinclair/typebox";
import { Verdict } from "./decision.ts";
import { Base64, Closed, Count, GitOid, RepositoryId } from "./scalar.ts";

/** The evidence bundle of the newest attempt of a gate. */
export const BundleReply = Closed({ gate_id: Type.String(), attempt: Type.Integer({ minimum: 1 }), bundle: Base64 });
export type BundleReply = Static<typeof BundleReply>;

/** Where a verdict stands among all that this node gave. Places only grow; a log that begins anew does not set them back. */
export const FeedEntry = Closed({ place: Count, gate_id: Type.String(), attempt: Type.Integer({ minimum: 1 }), repo_id: RepositoryId, head: GitOid, verdict: Verdict });
export type FeedEntry = Static<typeof FeedEntry>;

/** `next` is what to ask for the following page; it moves past entries that the reader may not see. */
export const FeedReply = Closed({ next: Count, more: Type.Boolean(), total: { ...Count, description: "places there are; below what was asked for, another history came in its stead" }, entries: Type.Array(FeedEntry, { maxItems: 500 }) });
export type FeedReply = Static<typeof FeedReply>;
