/** What is used of usearch, a native addon of the engine folder. */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface UsearchIndex {
  add(keys: BigUint64Array, vectors: Float32Array, threads: number): void;
  search(query: Float32Array, k: number, threads: number): { readonly keys: BigUint64Array };
  contains(key: bigint): boolean | readonly boolean[];
  remove(key: bigint): unknown;
  dimensions(): number | bigint;
  size(): number | bigint;
  capacity(): number | bigint;
  save(path: string): void;
  load(path: string): void;
}

export interface Usearch {
  readonly Index: new (options: { readonly dimensions: number; readonly metric: "ip"; readonly quantization: "f16"; readonly multi: false; readonly connectivity: number; readonly expansion_add: number; readonly expansion_search: number }) => UsearchIndex;
}

const INSIDE = "/javascript/";

/** `null` where it is not installed. */
export function usearchIn(engine_folder: string): { readonly usearch: Usearch; readonly version: string } | null {
  const require = createRequire(join(engine_folder, "package.json"));
  let path: string;
  try {
    path = require.resolve("usearch");
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
  // The package does not export its package.json.
  const { version } = JSON.parse(readFileSync(join(path.slice(0, path.lastIndexOf(INSIDE)), "package.json"), "utf8")) as { readonly version: string };
  return { usearch: require(path) as Usearch, version };
}
