/** Decided gates as rows: what a list, a chart and an event are made of; and the lines around what was found. Strings that a change controls are raw: each face has its own escaper. */
import { Type, type Static } from "@sinclair/typebox";
import { ActorClass } from "./actor.ts";
import { Mode } from "./change.ts";
import { Verdict } from "./decision.ts";
import { CheckName, Choice, Closed, Count, Decimal, GitOid, PathBytes, RefName, RepositoryId, RuleId, Sha256Hex, ShortText, Timestamp } from "./scalar.ts";

/** Rows of one page. */
export const CARD_ROWS_MAX = 500;
/** Reasons of one row; how many there are of each effect is counted beside them. */
export const ROW_REASONS_MAX = 20;
/** Of one page as JSON, in characters: it ends sooner where its rows are long. */
export const CARD_PAGE_CHARS_MAX = 4 * 1024 * 1024;
/** Attempts that are looked at for one page, seen or not. */
export const CARD_PLACES_MAX = 5_000;
/** Rows that one page makes of gates from before rows were kept. */
export const CARD_ROWS_MADE_MAX = 250;
/** UTF-16 units of what a reason says, of a title, and of a path. */
export const ROW_TEXT_CHARS_MAX = 300;

const RowText = Type.String({ maxLength: ROW_TEXT_CHARS_MAX, description: "cut to 300 characters, the last of which is then …" });
const MicroUsd = Type.Union([Decimal, Type.Null()]);

export const RowReason = Closed({
  rule: RuleId,
  check: Type.Union([CheckName, Type.Null()]),
  effect: Choice(["refuse", "hold", "note"]),
  observed: Type.Boolean({ description: "true: the rule only observes, so the effect is what it would have been" }),
  because: RowText,
  path: Type.Union([RowText, Type.Null()], { description: "the first place it names; bytes that are no UTF-8 are U+FFFD" }),
});
export type RowReason = Static<typeof RowReason>;

/** Reasons of the whole card by what they lead to; those of a rule that only observes are counted as that, whatever they would have led to. */
export const ReasonCounts = Closed({ refuse: Count, hold: Count, observed: Count, note: Count });

export const RowRelease = Closed({ kind: Choice(["approve", "override"]), person: Type.String({ maxLength: 128 }), at: Timestamp });

/** The newest attempt of one decided gate. */
export const CardRow = Closed(
  {
    v: Type.Literal(1),
    place: { ...Count, description: "where it stands among all that this node decided; a later one is newer" },
    gate_id: Type.String({ maxLength: 128 }),
    attempt: Type.Integer({ minimum: 1 }),
    at: { ...Timestamp, description: "when it was decided" },
    verdict: Verdict,
    mode: Mode,
    repository: RepositoryId,
    target_ref: RefName,
    head: GitOid,
    title: RowText,
    actor: Closed({ class: ActorClass, name: RowText, agent: Type.Union([RowText, Type.Null()]) }),
    files: Count,
    added_lines: Count,
    removed_lines: Count,
    policy: RowText,
    reasons: Type.Array(RowReason, { maxItems: ROW_REASONS_MAX, description: "decisive first: refuse, hold, observed, note" }),
    counts: ReasonCounts,
    checks: Closed({
      asked: Count,
      required: Count,
      failed: Count,
      unavailable: Type.Array(Closed({ check: CheckName, required: Type.Boolean() }), { maxItems: 128, description: "required ones first" }),
    }),
    cost: Closed({
      reported_micro_usd: { ...MicroUsd, description: "what agents and CI reported of this change until now; null: nothing was, which is not zero" },
      whole_micro_usd: { ...MicroUsd, description: "that and what the daemon itself bought for this change; null: neither is known" },
    }),
    total_us: { ...Count, description: "how long it took to decide" },
    held_at: Type.Union([Timestamp, Type.Null()], { description: "when this change was first not admitted; null: it never was" }),
    released: Type.Array(RowRelease, { maxItems: 8, description: "who released what was held, where that counts" }),
  },
  { description: "one line of a list of Decision Cards" },
);
export type CardRow = Static<typeof CardRow>;

/** A row as it is kept: what stands elsewhere, and may change, joins it when it is read. */
export type KeptCardRow = Omit<CardRow, "place" | "cost">;

/** A place, to be shown what was decided before it, or `newest`. */
export const CardsBefore = Type.String({ pattern: "^(?:newest|[0-9]{1,15})$", description: "a place, or newest" });
export const NEWEST_CARDS = "newest";

export const CardsReply = Closed({
  rows: Type.Array(CardRow, { maxItems: CARD_ROWS_MAX, description: "newest first" }),
  next: Type.Union([Count, Type.Null()], { description: "what to ask for the following page; null: there is none. A page may be short, or empty, with more to follow" }),
  newest: { ...Count, description: "above every place there was; what is decided later stands there or above" },
  reached: Type.Optional({ ...Timestamp, description: "when the last place that was looked at was decided, seen or not: whoever wants nothing older may stop; absent where there was none" }),
});
export type CardsReply = Static<typeof CardsReply>;

/** Findings of one gate that lines are read for, and lines before and after each. */
export const CONTEXT_FINDINGS_MAX = 200;
export const CONTEXT_LINES = 4;
/** UTF-16 units of one line; the rest of it is cut. */
export const CONTEXT_LINE_CHARS_MAX = 400;
/** Lines of one finding. */
export const CONTEXT_LINES_MAX = 60;

/** A line of the change's own diff: `+` it adds, `-` it takes away, a blank where both sides have it. */
export const ContextLine = Closed({
  sign: Choice(["+", "-", " "]),
  old_line: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
  new_line: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
  text: Type.String({ maxLength: CONTEXT_LINE_CHARS_MAX, description: "redacted; hostile text, escape it" }),
  cut: Type.Boolean(),
});
export type ContextLine = Static<typeof ContextLine>;

export const FindingContext = Closed({
  check: CheckName,
  rule: RuleId,
  fingerprint: Sha256Hex,
  path: PathBytes,
  start_line: Type.Integer({ minimum: 1 }),
  end_line: Type.Integer({ minimum: 1 }),
  lines: Type.Array(ContextLine, { maxItems: CONTEXT_LINES_MAX }),
  because: Type.Union([ShortText, Type.Null()], { description: "why there are no lines; null where there are" }),
});
export type FindingContext = Static<typeof FindingContext>;

export const ChangeContextReply = Closed({
  gate_id: Type.String(),
  attempt: Type.Integer({ minimum: 1 }),
  findings: Type.Array(FindingContext, { maxItems: CONTEXT_FINDINGS_MAX, description: "in the order of the findings" }),
  cut: { ...Count, description: "findings with a place that are not among these" },
});
export type ChangeContextReply = Static<typeof ChangeContextReply>;
