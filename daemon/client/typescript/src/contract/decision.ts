// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { Range } from "./outcome.ts";

export type Effect = "refuse" | "hold" | "note" | "pass";

export type NextStep = {
  readonly action: "merge" | "fix_finding" | "ask_person" | "split_change" | "rebase" | "fetch_history" | "retry" | "repair_policy" | "repair_check";
  readonly text: string;
  /** argv; never built from text of the change */
  readonly command: readonly string[] | null;
  readonly rule: string | null;
  readonly cost: "none" | "seconds" | "minutes" | "a person";
  readonly risk: "none" | "low" | "medium" | "high";
};

export type Reason = {
  readonly rule: string;
  readonly check: string | null;
  readonly effect: "refuse" | "hold" | "note";
  /** true: the rule only observes, so the effect is what it would have been */
  readonly observed: boolean;
  readonly because: string;
  readonly ranges: readonly Range[];
  readonly excerpt: string | null;
  readonly fingerprints: readonly string[];
  /** why these findings lead to no more than a note: they were at the base, a waiver accepts them, or they are known flaky tests that passed when run again */
  readonly accepted?: "existing" | "waived" | "flaky";
};

export type RuleMode = "observe" | "enforce";

export type Verdict = "admit" | "refuse" | "hold";
