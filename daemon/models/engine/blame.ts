/**
 * Who was under way when a worker died. Several tenants share one worker, and one of them may be why it dies: after a death with more than one of them
 * under way each works alone for a while, so that the next death has one tenant alone to blame, and that one waits longer each time. A worker evaluates
 * one sequence at a time anyway, so that working alone costs a tenant its turn and no speed. Pure.
 */

/** How long a tenant that was there at a death works alone. */
const ALONE_MS = 600_000;
/** Deaths of a tenant that worked alone, before its next request waits: a worker that somebody killed costs one retry. */
const FREE_DEATHS = 3;

export interface BlameLimits {
  /** The first wait, which doubles with each death, and the longest. */
  readonly wait_ms: number;
  readonly wait_ms_max: number;
}

interface Record {
  readonly until_ms: number;
  /** With nobody else under way. */
  readonly deaths: number;
  readonly waits_until_ms: number;
}

export class Blame {
  /** As many as there are tenants; who behaved for long enough is forgotten at the next death. */
  readonly #records = new Map<string, Record>();

  constructor(private readonly limits: BlameLimits) {}

  /** The worker died with these under way. */
  died(under_way: Iterable<string>, now_ms: number): void {
    for (const [tenant, { until_ms }] of this.#records) if (until_ms <= now_ms) this.#records.delete(tenant);
    const tenants = new Set(under_way);
    for (const tenant of tenants) {
      const before = this.#records.get(tenant);
      const deaths = (before?.deaths ?? 0) + (tenants.size === 1 ? 1 : 0);
      const { wait_ms, wait_ms_max } = this.limits;
      const wait = tenants.size === 1 && deaths > FREE_DEATHS ? Math.min(wait_ms * 2 ** (deaths - FREE_DEATHS), wait_ms_max) : 0;
      this.#records.set(tenant, { until_ms: now_ms + ALONE_MS, deaths, waits_until_ms: Math.max(before?.waits_until_ms ?? 0, now_ms + wait) });
    }
  }

  /** When its next request may go; 0: at once. */
  waitsUntil(tenant: string, now_ms: number): number {
    const { waits_until_ms = 0 } = this.#records.get(tenant) ?? {};
    return waits_until_ms > now_ms ? waits_until_ms : 0;
  }

  /** Whether it may work beside those who are under way now. */
  fits(tenant: string, under_way: Iterable<string>, now_ms: number): boolean {
    const others = [...under_way].filter((other) => other !== tenant);
    return others.length === 0 || ![tenant, ...others].some((one) => this.alone(one, now_ms));
  }

  alone(tenant: string, now_ms: number): boolean {
    return (this.#records.get(tenant)?.until_ms ?? 0) > now_ms;
  }
}
