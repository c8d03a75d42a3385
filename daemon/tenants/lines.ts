import { MaestroError } from "../../proto/errors.ts";
import type { Principal } from "./principal.ts";

/** How much each tenant has at work or waiting. One that floods the daemon fills its own line and nobody else's. */
export class Lines {
  private readonly counts = new Map<string, number>();

  /** The operator is held back by nothing but the daemon's own limits. Rejects with `tenant.queue`. */
  async pass<T>({ tenant, limits }: Principal, work: () => Promise<T>): Promise<T> {
    if (tenant === null) return work();
    const held = this.counts.get(tenant) ?? 0;
    if (held >= limits.queue_max) throw new MaestroError("tenant.queue", `tenant ${tenant}: ${held} at work or in line, queue_max is ${limits.queue_max}`);
    this.counts.set(tenant, held + 1);
    try {
      return await work();
    } finally {
      const left = (this.counts.get(tenant) ?? 1) - 1;
      if (left > 0) this.counts.set(tenant, left);
      else this.counts.delete(tenant);
    }
  }
}
