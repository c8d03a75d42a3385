/** How tokens travel. Apart from their schema, so that a command that only carries one loads no validator. */

/** Carries a capability token. */
export const CAPABILITY_HEADER = "maestro-capability";
/** Carries a CI job's own token (RFC 6750 section 2.1). */
export const BEARER_HEADER = "authorization";
/** `mcap1.` ‖ base64url(canonical record) ‖ `.` ‖ base64url(signature). */
export const CAPABILITY_PREFIX = "mcap1.";
/** Both kinds of token; headers of one request are limited to 16 KiB. */
export const TOKEN_CHARACTERS_MAX = 12 * 1024;
