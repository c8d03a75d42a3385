/** Events that agents and jobs report, and what the temporal invariants of this node say of them. */
import { Type, type Static } from "@sinclair/typebox";
import { Identifier } from "./expr.ts";
import { InvariantId, Severity } from "./invariant.ts";
import { Choice, Closed, Count, ShortText, Timestamp } from "./scalar.ts";

/** Events of one batch; a body has a limit in bytes of its own. */
export const EVENTS_MAX = 1_000;
const FIELDS_MAX = 200;

/** As the event's declaration says; a number may be a fraction where it declares a double. What does not fit breaks the rule that reads it. */
const FieldValue = Type.Unknown();
export const ReportedEvent = Closed({
  seq: { ...Count, description: "higher than that of every event the source reported before: what came already is left out" },
  at: Type.Optional(Type.Union([Timestamp, Count], { description: "RFC 3339, or milliseconds since 1970; absent: when it arrives" })),
  event: Identifier,
  with: Type.Record(Identifier, FieldValue, { additionalProperties: false, maxProperties: FIELDS_MAX }),
});
export type ReportedEvent = Static<typeof ReportedEvent>;

export const EventBatch = Closed({
  source: Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}$", description: "who reports, such as one run of one agent; numbers its events" }),
  events: Type.Array(ReportedEvent, { minItems: 1, maxItems: EVENTS_MAX }),
});
export type EventBatch = Static<typeof EventBatch>;

export const FORGOTTEN = ["keys", "late", "full", "clock", "lost", "restart"] as const;
export const MonitorFinding = Closed({
  invariant: InvariantId,
  severity: Severity,
  scope: Identifier,
  formula: ShortText,
  key: Type.Union([Type.Array(Type.String({ maxLength: 256 }), { maxItems: 4 }), Type.Null()], { description: "values of `per`; null where several instances are meant, or it could not be made out" }),
  verdict: Choice(["violated", "inconclusive"]),
  because: Choice(["false", "missing", "error", ...FORGOTTEN]),
  at: Timestamp,
  message: ShortText,
});
export type MonitorFinding = Static<typeof MonitorFinding>;

export const EventsReply = Closed({
  accepted: Count,
  known: { ...Count, description: "had come before, by their numbers" },
  late: { ...Count, description: "came after their time was decided: of their keys nothing can be told" },
  unheard: { ...Count, description: "that no invariant is about" },
  missing: { ...Count, description: "numbers that were left out before these" },
  findings: Type.Array(MonitorFinding, { maxItems: 1_000, description: "what became known while this was taken in; the rest with GET /v1/monitors" }),
});
export type EventsReply = Static<typeof EventsReply>;

export const MonitorView = Closed({
  space: Type.String({ maxLength: 128, description: "whose events: a tenant, a user by its uid, or daemon:own" }),
  invariant: InvariantId,
  severity: Severity,
  formulas: Type.Array(ShortText, { maxItems: 20 }),
  verdict: Choice(["kept", "pending", "violated", "inconclusive"], { description: "the newest finding's, else whether anything is open" }),
  keys: { ...Count, description: "instances held in memory" },
  pending: { ...Count, description: "of them with something still to come" },
  violated: { ...Count, description: "since the daemon started" },
  inconclusive: Count,
  newest: Type.Union([MonitorFinding, Type.Null()]),
});
export type MonitorView = Static<typeof MonitorView>;
export const MonitorsReply = Closed({ monitors: Type.Array(MonitorView) });
export type MonitorsReply = Static<typeof MonitorsReply>;
