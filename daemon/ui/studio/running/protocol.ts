/** What the page and its worker say to each other of a run: plain data. */
import type { CardRow } from "../../../../proto/cards.ts";
import type { InvariantFile, Problem } from "../../../invariants/index.ts";
import type { Watched } from "../../../invariants/replay/watched.ts";
import type { ExampleRow } from "./examples.ts";
import type { Walk } from "../stepping/walk.ts";

/** What the rule is asked of: a file as somebody dropped it, or what the daemon recorded. */
export type Source = { readonly name: string; readonly blob: Blob } | { readonly name: string; readonly rows: readonly CardRow[] };

export interface RunQuestion {
  readonly ask: "run";
  readonly id: number;
  readonly text: string;
  /** The catalogue beside it, where there is one. */
  readonly beside: readonly InvariantFile[];
  readonly source: Source;
}

/** How it came to a violation of the last run: the events of its key up to it. */
export interface WalkQuestion {
  readonly ask: "walk";
  readonly id: number;
  readonly fire: number;
}

export interface ExamplesQuestion {
  readonly ask: "examples";
  readonly id: number;
  readonly text: string;
  readonly beside: readonly InvariantFile[];
}

export type Question = RunQuestion | WalkQuestion | ExamplesQuestion;

/** One violation. */
export interface Fire {
  /** Of the recording, from 1. */
  readonly line: number;
  /** RFC 3339, or the time since the beginning; `null` where the event says none. */
  readonly at: string | null;
  readonly path: string;
  readonly because: string;
  readonly message: string;
  readonly key: readonly string[] | null;
  /** The gate that the event was made of. */
  readonly card: Pick<CardRow, "gate_id" | "title" | "verdict" | "at" | "repository"> | null;
}

export interface Ran {
  /** Events that were asked, and how many of them the rule is about. */
  readonly events: number;
  readonly about: number;
  /** Events of the rule's `when` that the recording has none of, and which kinds it has instead: the most frequent ones, and how many kinds in all. */
  readonly lacking: readonly string[];
  readonly kinds: readonly { readonly name: string; readonly events: number }[];
  readonly kinds_total: number;
  /** Events at which it would have fired, and how often in all: one event may break two conditions. */
  readonly fired: number;
  readonly violations: number;
  /** At how many events the rule could not be told because a field of that name is missing, which counts as broken; most events first. */
  readonly missing: readonly { readonly name: string; readonly events: number }[];
  /** The first ones. */
  readonly fires: readonly Fire[];
  readonly formulas: readonly Watched[];
  readonly untold: readonly Fire[];
  /** First and last time; `null` where no event says one. */
  readonly window: { readonly from: string; readonly to: string } | null;
  /** Lines that are no events: how many, and what is wrong with the first ones. */
  readonly wrong: number;
  readonly wrong_lines: readonly { readonly line: number; readonly said: string }[];
  /** Lines past the limit that nobody looked at; `null`: the file goes on, and how far is not known. */
  readonly left_out: number | null;
  readonly took_ms: number;
}

export type Reply =
  | { readonly id: number; readonly progress: string }
  | { readonly id: number; readonly ran: Ran }
  | { readonly id: number; readonly mistakes: readonly Problem[] }
  | { readonly id: number; readonly walk: Walk }
  /** `null`: the document has none, or its events are not known. */
  | { readonly id: number; readonly examples: readonly ExampleRow[] | null }
  | { readonly id: number; readonly failed: string };
