/** Who waits for the embedding model: none takes the whole line. */
import { MaestroError } from "../../../proto/errors.ts";

/** Of the line, that one tenant may take: its flood leaves room for others. */
const TENANT_PART = 0.5;

/** Who waits or works, by tenant. */
export class Waiting {
  readonly #tenants = new Map<string, number>();
  #all = 0;

  /** Throws `models.busy`; what it returns gives the place back. The empty name is the daemon's own user, whom nobody stands beside where there are no tenants. */
  enter(tenant: string, line_max: number): () => void {
    const own = this.#tenants.get(tenant) ?? 0;
    if (this.#all >= line_max) throw new MaestroError("models.busy", `${line_max} requests wait for the embedding model`);
    if (tenant !== "" && own >= Math.max(1, line_max * TENANT_PART)) throw new MaestroError("models.busy", `${own} requests of one tenant wait for the embedding model`);
    this.#count(tenant, 1);
    return () => this.#count(tenant, -1);
  }

  #count(tenant: string, by: number): void {
    this.#all += by;
    const own = (this.#tenants.get(tenant) ?? 0) + by;
    if (own === 0) this.#tenants.delete(tenant);
    else this.#tenants.set(tenant, own);
  }
}
