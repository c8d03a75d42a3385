import type { Clock } from "../platform/clock.ts";

interface Known {
  readonly oid: string;
  readonly asked_at_ms: number;
}

/** Branches remembered; the operator table bounds them in practice. */
const KEPT_MAX = 10_000;

/** Where branches stood, each for a short time. Who asks while an answer is on its way shares it; an older answer never replaces a newer one. */
export class Tips {
  private readonly known = new Map<string, Known>();
  private readonly asked = new Map<string, Promise<string>>();

  constructor(
    private readonly ttl_ms: number,
    private readonly clock: Pick<Clock, "monotonic_ms">,
  ) {}

  /** Whether nobody need be asked anew. */
  knows(key: string): boolean {
    return this.fresh(key) !== null || this.asked.has(key);
  }

  private fresh(key: string): string | null {
    const known = this.known.get(key);
    return known !== undefined && this.clock.monotonic_ms() - known.asked_at_ms < this.ttl_ms ? known.oid : null;
  }

  async get(key: string, ask: () => Promise<string>): Promise<string> {
    const fresh = this.fresh(key);
    if (fresh !== null) return fresh;
    const running = this.asked.get(key);
    if (running !== undefined) return running;
    const asked_at_ms = this.clock.monotonic_ms();
    const mine = ask().then((oid) => this.keep(key, { oid, asked_at_ms }));
    this.asked.set(key, mine);
    try {
      return await mine;
    } finally {
      this.asked.delete(key);
    }
  }

  /** What a fetch saw just now. */
  put(key: string, oid: string): void {
    this.keep(key, { oid, asked_at_ms: this.clock.monotonic_ms() });
  }

  private keep(key: string, seen: Known): string {
    const known = this.known.get(key);
    if (known !== undefined && known.asked_at_ms > seen.asked_at_ms) return known.oid;
    if (this.known.size >= KEPT_MAX) this.known.clear();
    this.known.set(key, seen);
    return seen.oid;
  }
}
