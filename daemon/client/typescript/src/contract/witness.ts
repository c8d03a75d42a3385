// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type WitnessState = {
  readonly name: string;
  readonly url: string;
  readonly key: string;
  /** of the newest tree it cosigned; null: none yet */
  readonly size: number | null;
  readonly at: string | null;
  /** in a row */
  readonly failures: number;
  /** of the last failure; null where the last question was answered */
  readonly because: string | null;
};

export type WitnessedLog = {
  readonly origin: string;
  /** null: never cosigned */
  readonly size: number | null;
  readonly at: string | null;
  /** why it is cosigned no more; null where it is */
  readonly refused: string | null;
};

export type WitnessesReply = {
  readonly origin: string;
  readonly log_size: number;
  /** how many make a witnessed checkpoint; 0 where nobody is asked */
  readonly quorum: number;
  /** the newest checkpoint with a quorum, and when the first of it saw it */
  readonly witnessed: {
    readonly size: number;
    /** RFC 3339, UTC, whole seconds */
    readonly at: string;
    readonly names: readonly string[];
  } | null;
  readonly witnesses: readonly WitnessState[];
  /** this node as a witness of others; null where it is none */
  readonly own: {
    readonly name: string;
    readonly key: string;
    readonly logs: readonly WitnessedLog[];
  } | null;
};
