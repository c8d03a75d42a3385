/** Time as the daemon sees it; handed in, so that a test can turn it. */
export interface Clock {
  /** Wall clock: whole milliseconds since 1970 UTC. It may jump either way; use it for what people read and for validity, never to measure. */
  now_ms(): number;
  /** Milliseconds since some fixed point of this process, fractions included; never goes back. For deadlines and rates. */
  monotonic_ms(): number;
}

export const systemClock: Clock = {
  now_ms: () => Date.now(),
  monotonic_ms: () => performance.now(),
};
