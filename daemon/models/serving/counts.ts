/** What was served since the start, by model and by who asked: for status and metrics. */
import type { Generated } from "../../../proto/model-work.ts";

export interface ServedCount {
  requests: number;
  failed: number;
  /** Whole answers that were kept and given again. */
  repeated: number;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  queued_us: number;
  cpu_us: number;
  gpu_us: number;
  usd_micro: number;
}

type Taken = Pick<Generated, "prompt_tokens" | "cached_tokens" | "completion_tokens" | "queued_us" | "cpu_us" | "gpu_us"> & { readonly usd_micro: number; readonly repeated: boolean };

/** Names of both are the operator's, so there are as many rows as the operator made. */
export interface ServedRow extends Readonly<ServedCount> {
  readonly model: string;
  readonly tenant: string;
}

const nothing = (): ServedCount => ({ requests: 0, failed: 0, repeated: 0, prompt_tokens: 0, cached_tokens: 0, completion_tokens: 0, queued_us: 0, cpu_us: 0, gpu_us: 0, usd_micro: 0 });

export class ServedCounts {
  private readonly byModel = new Map<string, Map<string, ServedCount>>();

  private of(model: string, tenant: string | null): ServedCount {
    const tenants = this.byModel.get(model) ?? new Map<string, ServedCount>();
    const row = tenants.get(tenant ?? "") ?? nothing();
    this.byModel.set(model, tenants.set(tenant ?? "", row));
    return row;
  }

  served(model: string, tenant: string | null, taken: Taken): void {
    const row = this.of(model, tenant);
    row.requests += 1;
    if (taken.repeated) row.repeated += 1;
    row.prompt_tokens += taken.prompt_tokens;
    row.cached_tokens += taken.cached_tokens;
    if (!taken.repeated) row.completion_tokens += taken.completion_tokens;
    row.queued_us += taken.queued_us;
    row.cpu_us += taken.cpu_us;
    row.gpu_us += taken.gpu_us;
    row.usd_micro += taken.usd_micro;
  }

  failed(model: string, tenant: string | null): void {
    const row = this.of(model, tenant);
    row.requests += 1;
    row.failed += 1;
  }

  rows(): ServedRow[] {
    return [...this.byModel].flatMap(([model, tenants]) => [...tenants].map(([tenant, count]) => ({ model, tenant, ...count })));
  }
}
