/** What is learned here: which routers decide by what, and how much was logged. */
import { Type, type Static } from "@sinclair/typebox";
import { ArmId, RouterId } from "./routing.ts";
import { Closed, Count, Sha256Hex, ShortText } from "./scalar.ts";

export const LearningReply = Closed({
  routers: Type.Array(
    Closed({
      id: RouterId,
      baseline: ArmId,
      policy: Type.Union([Sha256Hex, Type.Null()], { description: "digest of the learned policy that decides; null: none does" }),
      problem: Type.Union([ShortText, Type.Null()], { description: "why the file that is named does not decide" }),
      fallback: Type.Union([ShortText, Type.Null()], { description: "which constraint is violated, so that the baseline alone answers" }),
      answered: Closed({ chosen: Count, explored: Count, forced: Count }, { description: "since the daemon started" }),
    }),
    { maxItems: 64 },
  ),
  episodes: Type.Union([Closed({ kept: Count, open: { ...Count, description: "waiting for an outcome" } }), Type.Null()], { description: "of everybody; null for a tenant" }),
});
export type LearningReply = Static<typeof LearningReply>;
