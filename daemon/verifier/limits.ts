/** What the verifier reads at most. A bundle of 100,000 leaves is about 60 MB and 5 million values and names. */
export const BUNDLE_LIMITS = { bytes_max: 128 * 1024 * 1024, depth_max: 24, values_max: 8_000_000 } as const;
/** A file of such a bundle with everything around it, two levels above. */
export const EVIDENCE_LIMITS = { bytes_max: 2 * BUNDLE_LIMITS.bytes_max, depth_max: BUNDLE_LIMITS.depth_max + 4, values_max: 2 * BUNDLE_LIMITS.values_max } as const;
export const TRUST_LIMITS = { bytes_max: 1024 * 1024, depth_max: 8 } as const;
export const STATEMENT_LIMITS = { bytes_max: 1024 * 1024, depth_max: 12 } as const;

/** A signed note, in characters; 16 post-quantum signatures fit (C2SP signed-note: at least 16 must be accepted). */
export const NOTE_CHARS_MAX = 128 * 1024;
export const NOTE_SIGNATURES_MAX = 32;

/** One log entry: entry bundles give its length two bytes (C2SP tlog-tiles, "Log entries"). */
export const LOG_ENTRY_BYTES_MAX = 65_535;

/** How far `issued_at` may lie ahead of the verifier's clock. */
export const CLOCK_SKEW_S_MAX = 300;
