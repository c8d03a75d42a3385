/** What `maestro report` answers: figures of the gates a reader may see, each with its formula and how many things it rests on. */
import { Type, type Static } from "@sinclair/typebox";
import { ActorClass } from "./actor.ts";
import { Verdict } from "./decision.ts";
import { Choice, Closed, Count, Decimal, RepositoryId, RuleId, Scale, ShortText, Timestamp } from "./scalar.ts";

/** `7d`, `12h`: how far back a report looks. */
export const ReportWindow = Type.String({ pattern: "^[1-9][0-9]{0,3}[hd]$", description: "hours or days, such as 12h or 7d" });
/** Requires a window. */
export const windowSeconds = (window: string): number => Number(window.slice(0, -1)) * (window.endsWith("h") ? 3_600 : 86_400);

/** One repository by its id, or `*` for all that the reader may see. */
export const ReportRepository = RepositoryId;
export const EVERY_REPOSITORY = "*";

export const KpiPart = Closed({ name: ShortText, value: Decimal });
export type KpiPart = Static<typeof KpiPart>;

/** A figure, or why there is none. Never zero for unknown. */
export const Kpi = Closed({
  id: RuleId,
  title: ShortText,
  formula: ShortText,
  goal: Type.Union([ShortText, Type.Null()], { description: "what the product's plan aims at" }),
  unit: Choice(["changes", "changes a week", "percent", "s", "us", "micro_usd", "releases", "waivers"]),
  scale: Scale,
  n: Count,
  value: Type.Union([Decimal, Type.Null()], { description: "null where it is not measured" }),
  unmeasured: Type.Union([ShortText, Type.Null()], { description: "why it is not measured; null where it is" }),
  parts: Type.Array(KpiPart, { maxItems: 64 }),
});
export type Kpi = Static<typeof Kpi>;

/** Changes, not findings: a rule that speaks ten times of one change counts once. */
export const RuleFigure = Closed({ rule: RuleId, refused: Count, held: Count, would: Type.Integer({ minimum: 0, description: "changes a rule in observe would have held or refused" }) });
export type RuleFigure = Static<typeof RuleFigure>;

export const PersonFigure = Closed({ person: ShortText, approvals: Count, overrides: Count });
export type PersonFigure = Static<typeof PersonFigure>;
export const UserFigure = Closed({ uid: Count, changes: Count, wall_us: Count, cpu_us: Count });
export type UserFigure = Static<typeof UserFigure>;

export const ReportReply = Closed(
  {
    v: Type.Literal(1),
    window: Closed({ from: Timestamp, to: Timestamp, seconds: Count }),
    repository: Type.Union([RepositoryId, Type.Null()], { description: "null: every repository the reader may see" }),
    gates: Closed({
      counted: Count,
      cut: Type.Boolean({ description: "true: the window holds more than a report reads; the newest were counted" }),
      without_summary: Type.Union([Count, Type.Null()], { description: "gates of all times on record that no report can count, as their replies are gone; null for a tenant" }),
    }),
    kpis: Type.Array(Kpi, { maxItems: 64 }),
    rules: Type.Array(RuleFigure, { maxItems: 500 }),
    rules_cut: Count,
    people: Type.Union([Type.Null(), Closed({ releases: Type.Array(PersonFigure, { maxItems: 500 }), users: Type.Array(UserFigure, { maxItems: 500 }) })], { description: "null unless the host's setting report.per_person asks for it" }),
  },
  { $id: "ReportReply", description: "figures of a window" },
);
export type ReportReply = Static<typeof ReportReply>;

/** One attempt, as much of it as reports count. */
export const CountedRelease = Closed({ kind: Choice(["approve", "override"]), person: Type.String({ maxLength: 128 }), at_s: Count, log_index: Count });
export type CountedRelease = Static<typeof CountedRelease>;
export const ACTOR_CLASSES = ["human", "agent", "bot", "unknown"] as const satisfies readonly Static<typeof ActorClass>[];
export const VERDICTS = ["admit", "refuse", "hold"] as const satisfies readonly Static<typeof Verdict>[];
