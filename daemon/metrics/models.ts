/** What models of this node did, by model and by who asked. Both names are the operator's, so there are as many rows as the operator made. */
import { Gauge, type Labels, type Metric } from "./registry.ts";

export interface ModelWorkerReading {
  readonly model: string;
  readonly state: "ended" | "starting" | "ready" | "suspended";
  readonly running: number;
  readonly waiting: number;
  readonly memory_bytes: number;
  readonly deaths: number;
}

export interface ServedReading {
  readonly model: string;
  /** Empty: the daemon's own user and root. */
  readonly tenant: string;
  readonly requests: number;
  readonly failed: number;
  readonly repeated: number;
  readonly prompt_tokens: number;
  readonly cached_tokens: number;
  readonly completion_tokens: number;
  readonly queued_us: number;
  readonly cpu_us: number;
  readonly gpu_us: number;
  readonly usd_micro: number;
}

/** What was promised to a model on a GPU, and what the driver counts; null where it does not say. */
export interface GpuAccountReading {
  readonly model: string;
  readonly gpu: number;
  readonly predicted_bytes: number;
  readonly used_bytes: number | null;
}

export interface ModelsReading {
  /** Of models that were asked since the start. */
  readonly workers: readonly ModelWorkerReading[];
  readonly served: readonly ServedReading[];
  readonly gpus: { readonly accounts: readonly GpuAccountReading[]; readonly waiting: number };
}

const US_PER_S = 1e6;

export function modelMetrics(now: () => ModelsReading): Metric[] {
  const worker = (name: string, help: string, read: (one: ModelWorkerReading) => number, type: "gauge" | "counter" = "gauge") => new Gauge(name, help, () => now().workers.map((one): [Labels, number] => [{ model: one.model }, read(one)]), type);
  const served = (name: string, help: string, read: (one: ServedReading) => number) => new Gauge(name, help, () => now().served.map((one): [Labels, number] => [{ model: one.model, tenant: one.tenant }, read(one)]), "counter");
  const account = (name: string, help: string, read: (one: GpuAccountReading) => number | null) => new Gauge(name, help, () => now().gpus.accounts.flatMap((one): [Labels, number][] => {
    const bytes = read(one);
    return bytes === null ? [] : [[{ model: one.model, gpu: String(one.gpu) }, bytes]];
  }));
  return [
    account("maestro_model_gpu_promised_bytes", "Memory of a GPU that is promised to a model's worker, by its place on the bus.", ({ predicted_bytes }) => predicted_bytes),
    account("maestro_model_gpu_used_bytes", "What the driver counted for that worker when it was last asked; absent where it does not say.", ({ used_bytes }) => used_bytes),
    new Gauge("maestro_model_gpu_waiting", "Models that wait for a place on a GPU.", () => [[{}, now().gpus.waiting]]),
    worker("maestro_model_worker_memory_bytes", "The most a model's worker held, resident, since it started; 0 where none runs.", ({ memory_bytes }) => memory_bytes),
    worker("maestro_model_running", "Requests a model answers at this moment.", ({ running }) => running),
    worker("maestro_model_waiting", "Requests in line for a model.", ({ waiting }) => waiting),
    worker("maestro_model_worker_deaths_total", "Workers of a model that ended otherwise than by our own hand.", ({ deaths }) => deaths, "counter"),
    new Gauge("maestro_model_tokens_total", "Tokens, by model, tenant and kind: of prompts, of prompts and not evaluated again, of answers.", () => now().served.flatMap(({ model, tenant, prompt_tokens, cached_tokens, completion_tokens }): [Labels, number][] => [[{ model, tenant, kind: "prompt" }, prompt_tokens], [{ model, tenant, kind: "cached" }, cached_tokens], [{ model, tenant, kind: "completion" }, completion_tokens]]), "counter"),
    served("maestro_model_requests_total", "Requests that reached a model's admission.", ({ requests }) => requests),
    served("maestro_model_failures_total", "Of them, refused or failed.", ({ failed }) => failed),
    served("maestro_model_repeated_total", "Whole answers that were kept and given again.", ({ repeated }) => repeated),
    served("maestro_model_queue_seconds_total", "Time requests waited for a model.", ({ queued_us }) => queued_us / US_PER_S),
    served("maestro_model_cpu_seconds_total", "Processor time of answers.", ({ cpu_us }) => cpu_us / US_PER_S),
    served("maestro_model_gpu_seconds_total", "GPU time of answers.", ({ gpu_us }) => gpu_us / US_PER_S),
    served("maestro_model_usd_micro_total", "Millionths of a dollar that remote models took.", ({ usd_micro }) => usd_micro),
  ];
}
