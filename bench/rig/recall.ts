/** How many of the true nearest a vector index finds, with the room as the daemon opens it. */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../proto/limits.ts";
import { exactNearest } from "../../daemon/models/vectors/exact.ts";
import { type VectorSpace, Vectors } from "../../daemon/models/vectors/index.ts";
import { openStore, type Store } from "../../daemon/store/db.ts";
import { ENGINE_LIMITS } from "./embedded.ts";
import { randomNear, randomUnit } from "./random-vectors.ts";

export interface RecallInput {
  readonly folder: string;
  readonly engine_folder: string;
  readonly rows: number;
  readonly queries: number;
  /** Rows and questions lie around these; absent: anywhere on the sphere of 384 dimensions. */
  readonly around?: readonly Float32Array[];
}

export interface Recall {
  readonly recall: number;
  /** By the process of a daemon that was started anew, from the file. */
  readonly restarted: number;
  readonly files: number;
  /** Milliseconds of one question in the room, and of one looked up row by row in this process, at the middle. */
  readonly search_ms: readonly number[];
  readonly exact_ms: readonly number[];
  readonly build_s: number;
  readonly reopen_ms: number;
  readonly memory_bytes: number;
}

const K = 10;
/** Rows and questions around a line of code are this far from it: as far as two lines of one file are. */
const NOISE = 0.4;
const PUT = 500;

function openVectors(folder: string, engine_folder: string): { readonly store: Store; readonly vectors: Vectors } {
  mkdirSync(folder, { recursive: true });
  const store = openStore({ state_dir: folder, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: (reason) => { throw reason; } });
  return { store, vectors: new Vectors({ store, folder: join(folder, "vectors"), engine_folder, limits: { ...ENGINE_LIMITS, generate_deadline_ms: 1_200_000 }, now_s: () => 1_000, warn: (what, error) => process.stderr.write(`${what}: ${String(error)}\n`) }) };
}

export async function recallOf({ folder, engine_folder, rows, queries, around }: RecallInput): Promise<Recall> {
  const made = (seed: number): Float32Array => (around === undefined ? randomUnit(seed, 384) : randomNear(seed, around, NOISE));
  const space: VectorSpace = { owner: "bench", repository: "recall", of: "lines", model_digest: "a".repeat(64), dimensions: made(0).length };
  const all = new Float32Array(rows * space.dimensions);
  let { store, vectors } = openVectors(folder, engine_folder);
  for (let at = 0; at < rows; at += PUT) {
    const items = Array.from({ length: PUT }, (_, place) => ({ key: String(at + place), text_sha256: "0".repeat(64), vector: made(at + place) }));
    items.forEach(({ vector }, place) => all.set(vector, (at + place) * space.dimensions));
    vectors.put(space, items);
  }
  const asked = Array.from({ length: queries }, (_, place) => made(rows + place));
  const ids = Array.from({ length: rows }, (_, id) => id);
  const exact_ms: number[] = [];
  const truth = asked.map((query) => {
    const began = performance.now();
    const found = new Set(exactNearest(ids, all, query, K).map(({ id }) => String(id)));
    exact_ms.push(performance.now() - began);
    return found;
  });
  const search_ms: number[] = [];
  const share = async (): Promise<number> => {
    let found = 0;
    for (const [place, query] of asked.entries()) {
      const began = performance.now();
      const hits = await vectors.search(space, query, K);
      search_ms.push(performance.now() - began);
      found += hits.filter(({ key }) => truth[place]?.has(key) === true).length;
    }
    return found / (queries * K);
  };
  const began = performance.now();
  await vectors.search(space, made(0), 1);
  const build_s = (performance.now() - began) / 1_000;
  const recall = await share();
  const memory_bytes = vectors.status.memory_bytes;
  await vectors.close();
  await store.close();
  ({ store, vectors } = openVectors(folder, engine_folder));
  const again = performance.now();
  await vectors.search(space, made(0), 1);
  const reopen_ms = performance.now() - again;
  const restarted = await share();
  await vectors.close();
  await store.close();
  return { recall, restarted, files: readdirSync(join(folder, "vectors")).length, search_ms, exact_ms, build_s, reopen_ms, memory_bytes };
}
