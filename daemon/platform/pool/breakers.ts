import { Breaker, type BreakerLimits, type BreakerState, type Turn } from "./breaker.ts";

/** Tenants whose crashes are remembered; the least lately hurt is forgotten first. */
const TENANTS_MAX = 256;

/** One breaker per tenant, so that a change made to crash its checks stops its own tenant's and nobody else's. */
export class Breakers {
  readonly #limits: BreakerLimits;
  readonly #by_tenant = new Map<string, Breaker>();

  constructor(limits: BreakerLimits) {
    this.#limits = limits;
  }

  /** As `Breaker.refusal`; a tenant nothing is known of may. */
  refusal(tenant: string, now_ms: number): string | null {
    return this.#by_tenant.get(tenant)?.refusal(now_ms) ?? null;
  }

  enter(tenant: string, now_ms: number): Turn {
    return this.#by_tenant.get(tenant)?.enter(now_ms) ?? Symbol("turn");
  }

  worked(tenant: string, turn: Turn): void {
    this.#by_tenant.get(tenant)?.worked(turn);
  }

  left(tenant: string, turn: Turn): void {
    this.#by_tenant.get(tenant)?.left(turn);
  }

  died(tenant: string, turn: Turn, now_ms: number, why: string): void {
    const breaker = this.#by_tenant.get(tenant) ?? new Breaker(this.#limits);
    breaker.died(turn, now_ms, why);
    this.#by_tenant.delete(tenant);
    this.#by_tenant.set(tenant, breaker);
    const [oldest] = this.#by_tenant.keys();
    if (this.#by_tenant.size > TENANTS_MAX && oldest !== undefined) this.#by_tenant.delete(oldest);
  }

  /** How many tenants are in which state; who has been quiet is closed and not counted. */
  states(now_ms: number): Readonly<Record<Exclude<BreakerState, "closed">, number>> {
    const counts = { open: 0, half_open: 0 };
    for (const [tenant, breaker] of this.#by_tenant) {
      const state = breaker.state(now_ms);
      if (state !== "closed") counts[state] += 1;
      else if (breaker.quiet(now_ms)) this.#by_tenant.delete(tenant);
    }
    return counts;
  }
}
