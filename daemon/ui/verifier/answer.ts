/** What the page shows, before there is a page: plain data, so that a worker can hand it over and a test can read it. */

/** `absent`: the evidence has no such part. `unknown`: sound, but by nobody the trust file names. `not_judged`: nobody looked, because an earlier step stopped. */
export type State = "proved" | "failed" | "unknown" | "not_proved" | "absent" | "not_judged";

export interface Row {
  readonly label: string;
  readonly value: string;
}

export interface Table {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Rows that are there and not shown; said below the table. */
  readonly more: number;
}

/** One question of the verification. */
export interface Step {
  readonly id: string;
  readonly title: string;
  readonly state: State;
  /** What was found, in one sentence. */
  readonly said: string;
  /** What that means, and what it does not prove: one sentence each. */
  readonly means: string;
  readonly limit: string;
  /** The meaning holds although the state is not `proved`; elsewhere it is what would have been meant. */
  readonly holds?: boolean;
  readonly rows: readonly Row[];
  readonly tables: readonly Table[];
}

export type Verdict = "verified" | "failed" | "unknown_signer" | "not_judged" | "waiting";

export interface Answer {
  readonly verdict: Verdict;
  /** In the words of the command line. */
  readonly headline: string;
  /** Why not, `code: detail` each; empty where verified. */
  readonly reasons: readonly string[];
  /** What a reader of "verified" should know besides. */
  readonly remarks: readonly string[];
  /** The failing one first. */
  readonly steps: readonly Step[];
  readonly files: readonly FileNote[];
  /** Time that reading and judging took, in milliseconds. */
  readonly took_ms: number;
}

/** What the page took a file for. */
export interface FileNote {
  readonly name: string;
  readonly bytes: number;
  readonly kind: string;
}

/** Rows of a table that are drawn; the rest is counted. */
const TABLE_ROWS_MAX = 200;

export const step = (fields: Pick<Step, "id" | "title" | "state" | "said" | "means" | "limit"> & Partial<Step>): Step => ({ rows: [], tables: [], ...fields });

export function table(caption: string, columns: readonly string[], rows: readonly (readonly string[])[]): Table {
  return { caption, columns, rows: rows.slice(0, TABLE_ROWS_MAX), more: Math.max(0, rows.length - TABLE_ROWS_MAX) };
}
