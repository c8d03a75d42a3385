/** Limits of `maestro ui`. Whoever is on this machine may connect; only who has the link is answered. */
export const UI_LIMITS = {
  /** A file of invariants as JSON, with room for every character escaped. */
  body_bytes_max: 512 * 1024,
  /** A token and nothing else. */
  session_body_bytes_max: 1024,
  /** From the first to the last byte of a body. */
  body_ms_max: 10_000,
  /** A connection on which nothing moves. */
  idle_s: 30,
  /** Requests that are being answered at one time. */
  requests_max: 64,
  /** Tabs with a session; one more ends the one that was quiet longest. */
  sessions_max: 32,
  /** A session that asked nothing for so long is over. */
  session_idle_ms: 12 * 3_600_000,
  /** A link that nobody opened. */
  token_ms_max: 15 * 60_000,
  /** Links of before, known so that "used" can be told from "never was one". */
  used_tokens_max: 64,
  /** Wrong tokens in one window; then none is looked at until it is over. */
  wrong_tokens_max: 10,
  wrong_tokens_window_ms: 60_000,
  /** Offers that a page was shown and has not answered. */
  offers_max: 32,
} as const;
