/** What a chart shows, before it is drawn: bars of counted parts. The table beside it is made of the same numbers. Pure. */
import type { Verdict } from "../../../../proto/decision.ts";
import type { PageCard } from "../model.ts";

/** What a chart reads of a card. What nobody knows of it is null, never zero. */
export type Charted = Pick<PageCard, "at_ms" | "verdict" | "reasons" | "whole_micro_usd" | "held_at" | "released">;

interface Bar {
  /** Short: it stands below the bar. */
  readonly label: string;
  /** Whole: in the table, and where a pointer rests. */
  readonly name: string;
  /** As many as the chart has parts. */
  readonly counts: readonly number[];
  /** What the list is narrowed to by whoever wants to see these. */
  readonly search?: string;
}

interface Mark {
  readonly label: string;
  /** Place of the bar that it falls into. */
  readonly bar: number;
}

/** How a part is filled; each has a pattern of its own beside its colour. */
export type Fill = Verdict | "plain";

export interface Bars {
  readonly id: string;
  readonly title: string;
  /** What the first column of the table holds. */
  readonly of: string;
  readonly lying: boolean;
  readonly parts: readonly { readonly name: string; readonly fill: Fill }[];
  readonly bars: readonly Bar[];
  readonly marks: readonly Mark[];
  /** What the bars leave out or count twice, in sentences. */
  readonly remarks: readonly string[];
}

export const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

const TICKS_WANTED = 4;

/** Whole numbers from 0 to at least `max`, a step of 1, 2 or 5 times a power of ten apart. */
export function ticks(max: number): number[] {
  const rough = Math.max(1, max) / TICKS_WANTED;
  const power = 10 ** Math.max(0, Math.floor(Math.log10(rough)));
  const step = Math.max(1, [1, 2, 5, 10].map((times) => times * power).find((one) => one >= rough) ?? 10 * power);
  return Array.from({ length: Math.ceil(Math.max(1, max) / step) + 1 }, (_, i) => i * step);
}

/** Nearest rank: the smallest of the sorted values that at least `share` of them do not exceed. */
export function quantileAt(count: number, share: number): number {
  return Math.max(0, Math.ceil(share * count) - 1);
}
