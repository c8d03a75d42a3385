/** Every limit of the page of cards, with its reason. */
const MiB = 1024 * 1024;

export const CARDS_LIMITS = {
  /** Cards held at once: two years of a busy team; every one of them is looked through at each key pressed. */
  cards_max: 10_000,
  /** Files of one drop; a folder may hold more than anybody meant to give. */
  files_max: 2_000,
  /** One document that has to be parsed as a whole. */
  document_bytes_max: 128 * MiB,
  /** A file of lines is read piece by piece, and so may be larger. */
  lines_bytes_max: 1024 * MiB,
  /** One line of such a file: a whole card with its counterexamples. */
  line_bytes_max: 4 * MiB,
  /** Problems told one by one; the rest is counted. */
  problems_max: 50,
  /** UTF-16 units of a search, of a name in the list, of a text that is shown in one line. */
  query_chars_max: 1_000,
  shown_chars_max: 300,
  /** Groups drawn; more are counted in a last one. */
  groups_max: 500,
  /** Rows on paper; beyond that the paper says how many are left out. */
  printed_rows_max: 500,
} as const;
