import { expect, test } from "bun:test";
import { modelMetrics } from "./models.ts";

test("places on GPUs: what was promised, what the driver counts where it says so, and who waits", () => {
  const gpus = { accounts: [{ model: "a", gpu: 0, predicted_bytes: 900, used_bytes: 700 }, { model: "b", gpu: 1, predicted_bytes: 500, used_bytes: null }], waiting: 2 };
  const samples = modelMetrics(() => ({ workers: [], served: [], gpus })).filter(({ name }) => /_gpu_(?:promised|used|waiting)/.test(name)).flatMap((metric) => metric.samples());
  expect(samples).toEqual([
    'maestro_model_gpu_promised_bytes{model="a",gpu="0"} 900',
    'maestro_model_gpu_promised_bytes{model="b",gpu="1"} 500',
    'maestro_model_gpu_used_bytes{model="a",gpu="0"} 700',
    "maestro_model_gpu_waiting 2",
  ]);
});
