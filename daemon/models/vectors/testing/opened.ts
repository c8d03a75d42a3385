/** A store, and vectors over it, in a folder of a test's own. */
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { InferenceLimits, StoreLimits, WorkerLimits } from "../../../../proto/limits.ts";
import { openStore, type Store } from "../../../store/db.ts";
import { type VectorDeps, Vectors } from "../index.ts";
import type { VectorSpace } from "../space.ts";

const { idle_ms, silence_ms, load_deadline_ms, generate_deadline_ms, vectors_max } = Value.Create(InferenceLimits);
const { ready_deadline_ms, stderr_bytes_max } = Value.Create(WorkerLimits);
const LIMITS = { idle_ms, silence_ms, load_deadline_ms, generate_deadline_ms, vectors_max, ready_deadline_ms, stderr_bytes_max, memory_bytes_max: 2 ** 31, restart_backoff_ms: 10, restart_backoff_ms_max: 100 };

export const SPACE: VectorSpace = { owner: "red", repository: "shop", of: "exemplars", model_digest: "a".repeat(64), dimensions: 4 };

export interface OpenedVectors {
  readonly store: Store;
  readonly vectors: Vectors;
  readonly warned: string[];
  close(): Promise<void>;
}

export function opened(folder: string, over: Partial<Omit<VectorDeps, "limits">> & { readonly limits?: Partial<VectorDeps["limits"]> } = {}): OpenedVectors {
  const store = openStore({ state_dir: folder, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: (reason) => { throw reason; } });
  const warned: string[] = [];
  const warn = (what: string, error: unknown): void => void warned.push(`${what}: ${String(error)}`);
  const vectors = new Vectors({ store, folder: join(folder, "vectors"), engine_folder: "/nowhere", now_s: () => 1_000, warn, ...over, limits: { ...LIMITS, ...over.limits } });
  return {
    store,
    vectors,
    warned,
    async close() {
      await vectors.close();
      await store.close();
    },
  };
}

export function unit(values: readonly number[]): Float32Array {
  const length = Math.hypot(...values);
  return Float32Array.from(values, (value) => value / length);
}

export const item = (key: string, values: readonly number[]) => ({ key, text_sha256: key.charCodeAt(0).toString(16).padStart(64, "0"), vector: unit(values) });
