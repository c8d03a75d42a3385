/** Bounds of what a monitor keeps. Beyond them its verdict is `inconclusive`, never a guess. */

/** Obligations of one formula and one key where none implies another. Forms that wait for plain conditions need one or two. */
export const OBLIGATIONS_MAX = 64;
/** Past events of one `once` that are still undecided; a decided one needs one. */
export const WITNESSES_MAX = 64;
/** Events within the window of one `count`, each a time of 8 bytes. */
export const COUNTED_MAX = 4_096;
