/** Whether a pattern is found in a text: all ways at once, so that no text takes longer than its length times the pattern's. */
import type { Pattern, Range } from "./pattern.ts";

type Step =
  | { readonly kind: "set"; readonly ranges: readonly Range[] }
  | { readonly kind: "start" | "end" | "found" }
  /** Goes on in both places. */
  | { readonly kind: "fork"; readonly to: readonly number[] };

/** A text that is longer is an error of the evaluation, which breaks the rule. */
export const MATCHED_CHARACTERS_MAX = 8_192;

/** Lays the steps of `pattern` out; each goes on to the next place unless it forks. */
function lay(pattern: Pattern, steps: Step[]): void {
  switch (pattern.kind) {
    case "set":
    case "start":
    case "end":
      steps.push(pattern);
      return;
    case "sequence":
      for (const part of pattern.parts) lay(part, steps);
      return;
    case "choice":
      return layChoice(pattern.options, steps);
    case "repeat":
      return layRepeat(pattern.body, pattern.min, pattern.max, steps);
  }
}

function layChoice(options: readonly Pattern[], steps: Step[]): void {
  const fork = steps.push({ kind: "fork", to: [] }) - 1;
  const starts: number[] = [];
  const exits: number[] = [];
  for (const option of options) {
    starts.push(steps.length);
    lay(option, steps);
    exits.push(steps.push({ kind: "fork", to: [] }) - 1);
  }
  steps[fork] = { kind: "fork", to: starts };
  for (const exit of exits) steps[exit] = { kind: "fork", to: [steps.length] };
}

function layRepeat(body: Pattern, min: number, max: number | null, steps: Step[]): void {
  for (let i = 0; i < min; i++) lay(body, steps);
  if (max === null) {
    const fork = steps.push({ kind: "fork", to: [] }) - 1;
    lay(body, steps);
    steps.push({ kind: "fork", to: [fork] });
    steps[fork] = { kind: "fork", to: [fork + 1, steps.length] };
    return;
  }
  const forks: number[] = [];
  for (let i = min; i < max; i++) {
    forks.push(steps.push({ kind: "fork", to: [] }) - 1);
    lay(body, steps);
  }
  for (const fork of forks) steps[fork] = { kind: "fork", to: [fork + 1, steps.length] };
}

const within = (ranges: readonly Range[], point: number): boolean => ranges.some(([from, to]) => point >= from && point <= to);

class Matcher {
  readonly #steps: Step[] = [];
  /** Which places were reached for the character at hand: the number of that character. */
  readonly #reached: Int32Array;
  /** Each character of a text may be at all of them at once. */
  readonly places: number;

  constructor(pattern: Pattern) {
    lay(pattern, this.#steps);
    this.#steps.push({ kind: "found" });
    this.#reached = new Int32Array(this.#steps.length);
    this.places = this.#steps.length;
  }

  /** Adds the place and all that are reached from it without a character; true where the pattern is found. */
  private reach(place: number, stamp: number, first: boolean, last: boolean, into: number[]): boolean {
    const waiting = [place];
    for (let here = waiting.pop(); here !== undefined; here = waiting.pop()) {
      if (this.#reached[here] === stamp) continue;
      this.#reached[here] = stamp;
      const step = this.#steps[here]!;
      if (step.kind === "found") return true;
      if (step.kind === "fork") waiting.push(...step.to);
      else if (step.kind === "set") into.push(here);
      else if (step.kind === "start" ? first : last) waiting.push(here + 1);
    }
    return false;
  }

  find(text: string): boolean {
    const points = [...text].map((character) => character.codePointAt(0) ?? 0);
    this.#reached.fill(-1);
    let places: number[] = [];
    for (let at = 0; at <= points.length; at++) {
      const [first, last] = [at === 0, at === points.length];
      const next: number[] = [];
      const point = points[at - 1];
      for (const place of places) {
        const step = this.#steps[place]!;
        if (point !== undefined && step.kind === "set" && within(step.ranges, point) && this.reach(place + 1, at, first, last, next)) return true;
      }
      // It may begin at any character: CEL's matches searches.
      if (this.reach(0, at, first, last, next)) return true;
      places = next;
    }
    return false;
  }
}

export function matcher(pattern: Pattern): Matcher {
  return new Matcher(pattern);
}
