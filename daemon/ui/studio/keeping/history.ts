/** What may be undone and done again. A value is never changed, so keeping one costs what differs. */

export interface History<T> {
  /** Oldest first. */
  readonly past: readonly T[];
  readonly present: T;
  /** Nearest first. */
  readonly future: readonly T[];
  /** What the last step was about, and when: typing on in one field is one step. */
  readonly last: { readonly about: string; readonly at_ms: number } | null;
}

export const STEPS_MAX = 500;
/** Typing on within this time goes to the same step. */
export const PAUSE_MS = 1_000;

export const begin = <T>(present: T): History<T> => ({ past: [], present, future: [], last: null });

/** `about` names the field; an empty one is a step of its own. */
export function record<T>(history: History<T>, next: T, about: string, at_ms: number): History<T> {
  if (next === history.present) return history;
  const { last } = history;
  const on = last !== null && about !== "" && last.about === about && at_ms - last.at_ms <= PAUSE_MS;
  const past = on ? history.past : [...history.past, history.present].slice(-STEPS_MAX);
  return { past, present: next, future: [], last: { about, at_ms } };
}

export function undo<T>(history: History<T>): History<T> {
  const before = history.past.at(-1);
  return before === undefined ? history : { past: history.past.slice(0, -1), present: before, future: [history.present, ...history.future], last: null };
}

export function redo<T>(history: History<T>): History<T> {
  const [after, ...future] = history.future;
  return after === undefined ? history : { past: [...history.past, history.present], present: after, future, last: null };
}
