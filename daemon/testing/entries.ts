/**
 * Entries that one gate leaves in the log where only the daemon's own checks ran and each gave an answer: its obligations, what they came
 * to, and where it was decided also the two summaries.
 */
export const ENTRIES = { held: 2, decided: 4 } as const;
