/** What work on a change cost: what the daemon counted itself, and what agents and CI reported of their model calls. */
import { Type, type Static } from "@sinclair/typebox";
import { MarketNow } from "./market-note.ts";
import { Closed, Count, Decimal, Timestamp } from "./scalar.ts";

/** An agent's own name for one piece of its work; a commit names it by the trailer `Maestro-Run:`. */
export const RUN_TRAILER = "maestro-run";
export const RunId = Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$", description: "8 to 64 letters, digits, dots, dashes and underscores" });
/** More than one agent works on a change; more than these are not joined. */
export const RUNS_PER_CHANGE_MAX = 32;
export const RunIds = Type.Array(RunId, { maxItems: RUNS_PER_CHANGE_MAX });

const Unknown = Type.Null();

/** Totals of one run so far. Sent again they change nothing; they never fall. */
export const UsageReport = Closed({
  run_id: RunId,
  gate: Type.Optional(Type.String({ minLength: 6, maxLength: 128, description: "a gate or commit that this run worked on, as maestro card takes it; absent: the trailer of its commits says it" })),
  calls_made: Type.Union([Count, Unknown], { description: "null: whoever reports does not know" }),
  calls_reported: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: "calls that tokens and micro_usd are of" }),
  tokens: Type.Union([Count, Unknown]),
  micro_usd: Type.Union([Count, Unknown], { description: "null: not priced; never zero for unknown" }),
});
export type UsageReport = Static<typeof UsageReport>;

export const UsageReply = Closed({ run_id: RunId, changed: Type.Boolean(), changes: Type.Integer({ minimum: 0, description: "changes that this request joined the run to" }) });
export type UsageReply = Static<typeof UsageReply>;

/** What runs of a change reported together. A sum is null where one of its parts is not known. */
export const ReportedUsage = Closed({
  runs_named: Count,
  runs_reported: Count,
  calls_made: Type.Union([Count, Unknown]),
  calls_reported: Count,
  tokens: Type.Union([Count, Unknown]),
  micro_usd: Type.Union([Decimal, Unknown]),
});
export type ReportedUsage = Static<typeof ReportedUsage>;

/** The most that all work on one change may take; an absent part is not limited. */
export const ChangeBudget = Closed(
  {
    wall_s: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400_000, description: "time at work on its gates" })),
    cpu_s: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400_000, description: "processor time of its check processes and sandboxes" })),
    micro_usd: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: "what its agents reported" })),
  },
  { description: "what all work on one change may take; beyond it checks that did not run are unavailable" },
);
export type ChangeBudget = Static<typeof ChangeBudget>;

/** From the ledger, all runs of the change together; beside the card, as a card is signed before its own bill is written. */
const Bill = {
  runs: Count,
  died: Type.Integer({ minimum: 0, description: "runs that ended with their daemon and are charged in full" }),
  wall_us: Count,
  cpu_us: Count,
  model_tokens: Count,
  usd_micro: Type.Optional({ ...Count, description: "of routed work; absent: none" }),
  gpu_us: Type.Optional({ ...Count, description: "of routed work; absent: none" }),
  reported: Type.Union([ReportedUsage, Unknown], { description: "null: nobody named a run" }),
};

/** Of a payer's budget; what the budget does not limit is absent. */
export const BudgetLeft = Closed({
  refilled: { ...Timestamp, description: "when all of it is there again" },
  wall_us: Type.Optional(Count),
  cpu_us: Type.Optional(Count),
  model_tokens: Type.Optional(Count),
  usd_micro: Type.Optional(Count),
  gpu_us: Type.Optional(Count),
});
export type BudgetLeft = Static<typeof BudgetLeft>;

/** One payer's part of a change's bill. */
export const PaidShare = Closed({ payer: Type.String({ maxLength: 256, description: "a tenant, or a user of this machine" }), ...Bill, left: Type.Optional({ ...BudgetLeft, description: "what is neither spent nor promised of its budget now; absent where it has none" }) });
export type PaidShare = Static<typeof PaidShare>;

export const ChangeCost = Closed({
  ...Bill,
  paid: Type.Optional(Type.Array(PaidShare, { description: "by whom: a tenant sees its own part, whoever runs the daemon all of them; what was billed before parts were kept is in none" })),
  market: Type.Optional(Closed({ ...MarketNow.properties, usd_micro: { ...Count, description: "what the work so far took, at these prices: what it was worth to others, beside what was paid for it" } }, { description: "prices now; absent where no market is configured" })),
});
export type ChangeCost = Static<typeof ChangeCost>;
