// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { Observer } from "./actor.ts";
import type { FailedTest } from "./failed-test.ts";
import type { PathBytes } from "./scalar.ts";
import type { Waiver } from "./waiver.ts";

export type Finding = {
  readonly rule: string;
  readonly message: string;
  /** null where the finding is about the change as a whole */
  readonly range: Range | null;
  /** SARIF level; what it leads to is the policy's word */
  readonly severity: "error" | "warning" | "note";
  /** SHA-256, lower-case hex */
  readonly fingerprint: string;
  readonly baseline: "new" | "existing" | "fixed" | "not_compared";
  /** SHA-256, lower-case hex */
  readonly identity?: string;
  readonly waiver?: Waiver;
  /** the test that failed, and whose it is; of commands with JUnit reports */
  readonly test?: FailedTest;
  /** what policy may soften on */
  readonly tags: readonly ("test-path" | "fixture-path" | "generated" | "at-base")[];
  /** redacted; hostile text, escape it */
  readonly excerpt: string | null;
  readonly counterexample: string | null;
  /** maestro.cex/v1 as canonical JSON: a document with a digest of its own, which travels in the bundle */
  readonly cex?: string;
  readonly fix: Fix | null;
};

export type Fix = {
  readonly description: string;
  /** the text of the finding's lines after it, without the last one's ending; null where that is not known to the letter */
  readonly replacement: string | null;
};

export type Obligation = {
  readonly name: string;
  readonly kind: "boolean" | "numeric";
  readonly required: boolean;
  readonly result: Result;
  /** who saw it; what a job claims about itself satisfies no required obligation */
  readonly observer: Observer;
  readonly value: string | null;
  readonly unit: string | null;
  /** power of ten by which the integer is divided */
  readonly scale: number;
  readonly min: string | null;
  readonly max: string | null;
  /** set for not_applicable and unavailable */
  readonly because: string | null;
  /** the number was measured and stays here: value is null */
  readonly hidden?: true;
};

export type Range = {
  readonly path: PathBytes;
  readonly start_line: number;
  readonly end_line: number;
};

export type Result = "pass" | "fail" | "not_applicable" | "unavailable";

export type Reused = {
  readonly gate_id: string;
  readonly attempt: number;
};
