/** Bounds of one expression; those of files and documents stand in proto/invariant.ts. */

/** Deepest nesting of an expression: the parser, the checker and every engine recurse over it. */
export const DEPTH_MAX = 64;
/** Nodes of one expression. */
export const NODES_MAX = 2_000;
/** Items of a list, in an expression and in an event. */
export const LIST_ITEMS_MAX = 1_000;
/** Steps over lists and long texts in one evaluation: three nested macros over full lists would be 10^9, and two that compare texts of 65,536 characters a minute. */
export const FUEL_MAX = 50_000;
/** Places of a pattern at which one step looks at one character. */
export const STEP_PLACES = 64;
/** Items that are read, compared or looked at by one step. */
export const STEP_ITEMS = 32;
/** Characters that are counted or put in order by one step. */
export const STEP_CHARACTERS = 64;
/** Characters that are read, joined or compared as they lie in memory by one step. */
export const STEP_COPIED = 1_024;
/** Of one value shown in a message. */
export const VALUE_CHARACTERS_MAX = 120;
/** Of a message as it is shown. */
export const MESSAGE_CHARACTERS_MAX = 1_000;
/** A string in an event that is longer is an error, not a reason to search it. */
export const STRING_CHARACTERS_MAX = 65_536;

// CEL: int is 64 bits, and going beyond is an error.
export const INT_MIN = -(2n ** 63n);
export const INT_MAX = 2n ** 63n - 1n;
/** Of a window: a monitor lives no longer than its daemon, and a bound that never passes is none. */
export const WINDOW_MS_MAX = 366 * 86_400_000;
/** CEL bounds durations by 10,000 years in seconds; ours are whole milliseconds. */
export const DURATION_MS_MAX = 315_576_000_000 * 1_000;
