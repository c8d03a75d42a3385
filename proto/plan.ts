/** What an agent announces before it works, and what it is told: `POST /v1/plan`. */
import { Type, type Static } from "@sinclair/typebox";
import { ActorClass } from "./actor.ts";
import { RepositoryName } from "./api.ts";
import { Thresholds } from "./config.ts";
import { NextStep, Reason } from "./decision.ts";
import { Outcome } from "./outcome.ts";
import { Choice, Closed, Count, GitOid, RefName, ShortText } from "./scalar.ts";
import { Spending } from "./tenant.ts";

const AnnouncedPath = Type.String({ minLength: 1, maxLength: 1024, pattern: "^[^\\u0000]+$", description: "path from the root of the repository, or a pattern with * and ** and ?" });

export const AnnouncedFile = Closed({
  path: AnnouncedPath,
  does: Type.Optional(Choice(["create", "edit", "delete"])),
  lines: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, description: "lines that will change, as far as that is known" })),
});
export type AnnouncedFile = Static<typeof AnnouncedFile>;

export const AnnouncedPackage = Closed({ name: Type.String({ pattern: "^[@A-Za-z0-9][A-Za-z0-9._/-]{0,213}$" }), manifest: Type.Optional(AnnouncedPath) });
export type AnnouncedPackage = Static<typeof AnnouncedPackage>;

export const AnnouncedAction = Type.Union([
  Closed({ do: Type.Literal("push"), head: Type.Optional(GitOid), target_ref: Type.Optional(RefName) }),
  Closed({ do: Type.Literal("install"), packages: Type.Array(AnnouncedPackage, { minItems: 1, maxItems: 200 }) }),
  Closed({ do: Type.Literal("approve") }),
  Closed({ do: Type.Literal("spend"), what: Type.Optional(ShortText) }),
  Closed({ do: Type.Literal("run"), command: Type.String({ maxLength: 16_384 }) }),
]);
export type AnnouncedAction = Static<typeof AnnouncedAction>;

export const PlanRequest = Closed({
  repository: RepositoryName,
  mode: Type.Optional(Choice(["host", "fork", "local"], { description: "as for an intake. Default local" })),
  actor: Type.Optional(Type.Unsafe<ActorClass>({ ...ActorClass, description: "who will be the author. Default agent" })),
  files: Type.Array(AnnouncedFile, { maxItems: 2_000 }),
  actions: Type.Array(AnnouncedAction, { maxItems: 64 }),
  budget: Type.Optional(Type.Unsafe<Spending>({ ...Spending, description: "what the work may cost" })),
});
export type PlanRequest = Static<typeof PlanRequest>;

/** A gate's reason, without findings' fingerprints: nothing was found yet. */
export const PlanReason = Closed({
  rule: Type.String({ maxLength: 96 }),
  effect: Reason.properties.effect,
  observed: Type.Boolean(),
  because: ShortText,
  where: Type.Array(ShortText, { maxItems: 20, description: "announced paths it is about; text of the announcement" }),
});
export type PlanReason = Static<typeof PlanReason>;

export const PlanReply = Closed({
  answer: Choice(["allow", "ask", "refuse"], { description: "allow: no rule would stop it; ask: a person has to look, or it cannot be told yet; refuse: it would not be let in" }),
  actor: ActorClass,
  reasons: Type.Array(PlanReason, { maxItems: 500 }),
  next: Type.Array(NextStep, { minItems: 1, maxItems: 4, description: "the smallest safe step first" }),
  not_seen: Type.Array(ShortText, { maxItems: 64, description: "what an announcement cannot show" }),
});
export type PlanReply = Static<typeof PlanReply>;

/** An announcement as a check process is handed it: paths and patterns are matched there and never in the core. */
export const PlanJob = Closed({ kind: Type.Literal("plan"), files: PlanRequest.properties.files, packages: Type.Array(AnnouncedPackage, { maxItems: 12_800 }), thresholds: Thresholds });
export type PlanJob = Static<typeof PlanJob>;
export const PlanJobReply = Closed({ kind: Type.Literal("plan"), outcomes: Type.Array(Outcome, { maxItems: 16 }), not_seen: PlanReply.properties.not_seen, files: Count, lines: Count });
export type PlanJobReply = Static<typeof PlanJobReply>;
