/** One small fault, put where the source was right. Pure. */
import { createHash } from "node:crypto";

/** A piece of one file and what stands there instead; offsets are of the string, in UTF-16 units. */
export interface Edit {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

export interface Mutant extends Edit {
  /** Stays the same when lines move: a declared equivalent is found again. */
  readonly id: string;
  readonly operator: string;
  readonly line: number;
  readonly before: string;
}

export const SHOWN_CHARACTERS_MAX = 160;

export const apply = (text: string, { start, end, replacement }: Edit): string => `${text.slice(0, start)}${replacement}${text.slice(end)}`;

/** The line or lines of an edit as they stand after it. */
export const shownAfter = ({ replacement }: Edit): string => (replacement.trim() === "" ? "(nothing)" : replacement.trim().slice(0, SHOWN_CHARACTERS_MAX));

/** `seen` counts those that are alike, and gets this one. */
export function idOf(what: readonly string[], seen: Map<string, number>): string {
  const key = JSON.stringify(what);
  const nth = seen.get(key) ?? 0;
  seen.set(key, nth + 1);
  return createHash("sha256").update(`${key}\0${nth}`).digest("hex").slice(0, 12);
}

/** What is hashed: operator, file, the rule it stands in, what stood there and comes there, and which of several like it. */
export function identified(found: readonly (Edit & { readonly operator: string; readonly rule: string })[], sources: ReadonlyMap<string, string>): Mutant[] {
  const places = new Set<string>();
  const seen = new Map<string, number>();
  const mutants: Mutant[] = [];
  const ordered = [...found].sort((a, b) => (a.file === b.file ? a.start - b.start || a.end - b.end || (a.operator < b.operator ? -1 : 1) : a.file < b.file ? -1 : 1));
  for (const { operator, rule, ...edit } of ordered) {
    const { file, start, end, replacement } = edit;
    const place = `${file}\0${start}\0${end}\0${replacement}`;
    const text = sources.get(file) ?? "";
    // Two operators may come to the same text, or to what was there before.
    if (places.has(place) || text.slice(start, end) === replacement) continue;
    places.add(place);
    const before = text.slice(start, end);
    const id = idOf([operator, file, rule, before, replacement], seen);
    mutants.push({ ...edit, id, operator, line: text.slice(0, start).split("\n").length, before: before.trim().slice(0, SHOWN_CHARACTERS_MAX) });
  }
  return mutants;
}

/** `count` of them, the same for the same seed whatever else is there, in their old order. */
export function sampled(mutants: readonly Mutant[], count: number, seed: number): readonly Mutant[] {
  if (count >= mutants.length) return mutants;
  const rank = (id: string): string => createHash("sha256").update(`${seed}\0${id}`).digest("hex");
  const chosen = new Set(mutants.map(({ id }) => [rank(id), id] as const).sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, count).map(([, id]) => id));
  return mutants.filter(({ id }) => chosen.has(id));
}
