/** Token buckets: what somebody may do at once, and how fast that fills up again. Pure; the clock is handed in. */

export interface Rate {
  readonly per_s: number;
  readonly burst: number;
}

interface Bucket {
  level: number;
  filled_ms: number;
}

const MS_PER_S = 1000;

export class Buckets {
  private readonly buckets = new Map<string, Bucket>();

  /** `monotonic_ms` never goes back, so setting the wall clock buys nobody anything. */
  constructor(
    private readonly monotonic_ms: () => number,
    private readonly keys_max: number,
  ) {}

  /** Takes one from the bucket of `key`; seconds until there is one again where it is empty, else `null`. */
  take(key: string, rate: Rate): number | null {
    const bucket = this.filled(key, rate);
    if (bucket.level < 1) return Math.ceil((1 - bucket.level) / rate.per_s);
    bucket.level -= 1;
    return null;
  }

  /** Whether the bucket of `key` is empty, without taking from it. */
  empty(key: string, rate: Rate): boolean {
    return this.filled(key, rate).level < 1;
  }

  private filled(key: string, { per_s, burst }: Rate): Bucket {
    const now_ms = this.monotonic_ms();
    const known = this.buckets.get(key);
    const bucket = known ?? { level: burst, filled_ms: now_ms };
    bucket.level = Math.min(burst, bucket.level + ((now_ms - bucket.filled_ms) / MS_PER_S) * per_s);
    bucket.filled_ms = now_ms;
    // A Map keeps the order of insertion, so the first one is the one unused longest, which is the fullest: a new one begins full too.
    this.buckets.delete(key);
    this.buckets.set(key, bucket);
    const [oldest] = this.buckets.keys();
    if (this.buckets.size > this.keys_max && oldest !== undefined) this.buckets.delete(oldest);
    return bucket;
  }
}
