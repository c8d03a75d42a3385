// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
/** who made the change; a sign may raise scrutiny, never lower it */
export type Actor = {
  readonly class: ActorClass;
  /** true where a peer credential or token proves the class */
  readonly authenticated: boolean;
  readonly name: string;
  /** the agent's own name where a sign gives one */
  readonly agent: string | null;
  readonly signs: readonly ActorSign[];
};

export type ActorClass = "human" | "agent" | "bot" | "unknown";

export type ActorSign = {
  readonly source: "author" | "committer" | "trailer" | "peer" | "process";
  readonly text: string;
  readonly says: ActorClass;
  /** who saw it; what a job claims about itself satisfies no required obligation */
  readonly observer: Observer;
};

/** who saw it; what a job claims about itself satisfies no required obligation */
export type Observer = "daemon" | "sandbox" | "job" | "external";
