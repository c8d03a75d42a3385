/** Bounds of one expression; those of files and documents stand in proto/invariant.ts. */

/** Deepest nesting of an expression: the parser, the checker and every engine recurse over it. */
export const DEPTH_MAX = 64;
/** Nodes of one expression. */
export const NODES_MAX = 2_000;
/** Items of a list, in an expression and in an event. */
export const LIST_ITEMS_MAX = 1_000;
/** Steps of macros over lists in one evaluation: three nested ones over full lists would be 10^9. */
export const FUEL_MAX = 50_000;
/** Of one value shown in a message. */
export const VALUE_CHARACTERS_MAX = 120;
/** Of a message as it is shown. */
export const MESSAGE_CHARACTERS_MAX = 1_000;
/** A string in an event that is longer is an error, not a reason to search it. */
export const STRING_CHARACTERS_MAX = 65_536;

// CEL: int is 64 bits, and going beyond is an error.
export const INT_MIN = -(2n ** 63n);
export const INT_MAX = 2n ** 63n - 1n;
/** CEL bounds durations by 10,000 years in seconds; ours are whole milliseconds. */
export const DURATION_MS_MAX = 315_576_000_000 * 1_000;
