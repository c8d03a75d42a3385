// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { ActorClass } from "./actor.ts";
import type { Mode } from "./change.ts";
import type { Verdict } from "./decision.ts";
import type { LineOp } from "./facts.ts";
import type { ReleaseKind } from "./release.ts";
import type { PathBytes } from "./scalar.ts";

/** one line of a list of Decision Cards */
export type CardRow = {
  readonly v: 1;
  /** where it stands among all that this node decided; a later one is newer */
  readonly place: number;
  readonly gate_id: string;
  readonly attempt: number;
  /** when it was decided */
  readonly at: string;
  readonly verdict: Verdict;
  /** under whose authority the base and the configuration were chosen */
  readonly mode: Mode;
  readonly repository: string;
  readonly target_ref: string;
  /** full git object id */
  readonly head: string;
  /** cut to 300 characters, the last of which is then … */
  readonly title: string;
  readonly actor: {
    readonly class: ActorClass;
    /** cut to 300 characters, the last of which is then … */
    readonly name: string;
    readonly agent: string | null;
  };
  readonly files: number;
  readonly added_lines: number;
  readonly removed_lines: number;
  /** cut to 300 characters, the last of which is then … */
  readonly policy: string;
  /** decisive first: refuse, hold, observed, note */
  readonly reasons: readonly RowReason[];
  readonly counts: ReasonCounts;
  readonly checks: {
    readonly asked: number;
    readonly required: number;
    readonly failed: number;
    /** required ones first */
    readonly unavailable: readonly {
      readonly check: string;
      readonly required: boolean;
    }[];
  };
  readonly cost: {
    /** what agents and CI reported of this change until now; null: nothing was, which is not zero */
    readonly reported_micro_usd: string | null;
    /** that and what the daemon itself bought for this change; null: neither is known */
    readonly whole_micro_usd: string | null;
  };
  /** how long it took to decide */
  readonly total_us: number;
  /** when this change was first not admitted; null: it never was */
  readonly held_at: string | null;
  /** who released what was held, where that counts */
  readonly released: readonly RowRelease[];
};

export type CardsReply = {
  /** newest first */
  readonly rows: readonly CardRow[];
  /** what to ask for the following page; null: there is none. A page may be short, or empty, with more to follow */
  readonly next: number | null;
  /** above every place there was; what is decided later stands there or above */
  readonly newest: number;
  /** when the last place that was looked at was decided, seen or not: whoever wants nothing older may stop; absent where there was none */
  readonly reached?: string;
};

export type ChangeContextReply = {
  readonly gate_id: string;
  readonly attempt: number;
  /** in the order of the findings */
  readonly findings: readonly FindingContext[];
  /** findings with a place that are not among these */
  readonly cut: number;
};

export type ContextLine = {
  readonly sign: LineOp;
  readonly old_line: number | null;
  readonly new_line: number | null;
  /** redacted; hostile text, escape it */
  readonly text: string;
  readonly cut: boolean;
};

export type FindingContext = {
  readonly check: string;
  readonly rule: string;
  /** SHA-256, lower-case hex */
  readonly fingerprint: string;
  readonly path: PathBytes;
  readonly start_line: number;
  readonly end_line: number;
  readonly lines: readonly ContextLine[];
  /** why there are no lines; null where there are */
  readonly because: string | null;
};

export type ReasonCounts = {
  readonly refuse: number;
  readonly hold: number;
  readonly observed: number;
  readonly note: number;
};

export type RowReason = {
  readonly rule: string;
  readonly check: string | null;
  readonly effect: "refuse" | "hold" | "note";
  /** true: the rule only observes, so the effect is what it would have been */
  readonly observed: boolean;
  /** cut to 300 characters, the last of which is then … */
  readonly because: string;
  /** the first place it names; bytes that are no UTF-8 are U+FFFD */
  readonly path: string | null;
};

export type RowRelease = {
  readonly kind: ReleaseKind;
  readonly person: string;
  /** RFC 3339, UTC, whole seconds */
  readonly at: string;
};
