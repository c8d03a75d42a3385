/** Limits of the studio's running and keeping. */
const MiB = 1024 * 1024;

export const STUDIO_LIMITS = {
  /** Events of one run. */
  events_max: 100_000,
  recording_bytes_max: 256 * MiB,
  line_characters_max: 4 * MiB,
  /** Violations that are listed; the rest is counted. */
  fires_max: 500,
  /** Lines that are no events, of which is said what is wrong. */
  wrong_lines_max: 20,
  /** Kinds of event that are named where a rule is about none of a recording's. */
  kinds_shown_max: 5,
  /** Events of a walk before the one at which the rule broke. */
  walk_steps_max: 256,
  /** Characters of one value as it is shown. */
  value_characters_max: 200,
  /** Items of one list that the form draws: more than the language takes of any, and few enough to be drawn at once. */
  form_items_max: 200,
  /** A dropped file that is asked what it is. */
  dropped_files_max: 32,
} as const;
