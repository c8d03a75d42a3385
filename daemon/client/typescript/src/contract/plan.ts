// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { ActorClass } from "./actor.ts";
import type { NextStep } from "./decision.ts";
import type { Spending } from "./tenant.ts";

export type AnnouncedAction = {
  readonly do: "push";
  /** full git object id */
  readonly head?: string;
  readonly target_ref?: string;
} | {
  readonly do: "install";
  readonly packages: readonly AnnouncedPackage[];
} | {
  readonly do: "approve";
} | {
  readonly do: "spend";
  readonly what?: string;
} | {
  readonly do: "run";
  readonly command: string;
};

export type AnnouncedFile = {
  /** path from the root of the repository, or a pattern with * and ** and ? */
  readonly path: string;
  readonly does?: "create" | "edit" | "delete";
  /** lines that will change, as far as that is known */
  readonly lines?: number;
};

export type AnnouncedPackage = {
  readonly name: string;
  /** path from the root of the repository, or a pattern with * and ** and ? */
  readonly manifest?: string;
};

export type PlanReason = {
  readonly rule: string;
  readonly effect: "refuse" | "hold" | "note";
  readonly observed: boolean;
  readonly because: string;
  /** announced paths it is about; text of the announcement */
  readonly where: readonly string[];
};

export type PlanReply = {
  /** allow: no rule would stop it; ask: a person has to look, or it cannot be told yet; refuse: it would not be let in */
  readonly answer: "allow" | "ask" | "refuse";
  readonly actor: ActorClass;
  readonly reasons: readonly PlanReason[];
  /** the smallest safe step first */
  readonly next: readonly NextStep[];
  /** what an announcement cannot show */
  readonly not_seen: readonly string[];
};

export type PlanRequest = {
  /** what the client calls the repository; a claim */
  readonly repository: string;
  /** as for an intake. Default local */
  readonly mode?: "host" | "fork" | "local";
  /** who will be the author. Default agent */
  readonly actor?: ActorClass;
  readonly files: readonly AnnouncedFile[];
  readonly actions: readonly AnnouncedAction[];
  /** what the work may cost */
  readonly budget?: Spending;
};
