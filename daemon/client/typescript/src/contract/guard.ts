// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { Severity } from "./invariant.ts";

export type GuardAnswer = {
  /** every rule that was asked holds */
  readonly ok: boolean;
  /** what was asked; empty where no rule is about that event */
  readonly rules: readonly string[];
  readonly violations: readonly GuardViolation[];
};

export type GuardQuestion = {
  readonly event?: string;
  /** one rule alone; exactly one of event and invariant */
  readonly invariant?: string;
  /** fields of the event; after an action, as they are then. Money in whole micro-dollars or "$12.50", a duration in milliseconds or "5m", whole numbers beyond 2^53 in quotes */
  readonly with: Readonly<Record<string, unknown>>;
  /** of an action: the fields before it */
  readonly old?: Readonly<Record<string, unknown>>;
};

export type GuardReply = {
  /** all answers are ok */
  readonly ok: boolean;
  /** in the order of the questions */
  readonly answers: readonly GuardAnswer[];
};

export type GuardRequest = {
  readonly questions: readonly GuardQuestion[];
};

export type GuardViolation = {
  /** such as INV.BUDGET.CAP */
  readonly id: string;
  readonly severity: Severity;
  /** false: the rule does not hold; missing, error: it could not be asked, which is no better */
  readonly because: "false" | "missing" | "error";
  readonly message: string;
};
