/** One space in the index process: a matrix that is searched row by row, or usearch's graph. */
import { existsSync, readFileSync, renameSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { exactNearest } from "./exact.ts";
import type { Usearch, UsearchIndex } from "./usearch.ts";

/** The package's own values, named so that another release does not change them: they find 0.999 of the ten nearest of 50,000 lines of code (docs/embeddings.md). */
const GRAPH = { connectivity: 16, expansion_add: 128, expansion_search: 64 } as const;
/** Bytes of one row besides its numbers: the edges of the graph, and its number. */
const EDGES_BYTES = 16 * GRAPH.connectivity;

const PASSING = "passing";

export interface LoadedSpace {
  readonly bytes: number;
  add(ids: readonly number[], vectors: Float32Array): void;
  remove(ids: readonly number[]): void;
  /** Numbers of rows, nearest first. */
  search(query: Float32Array, k: number): number[];
  /** To a file that has no name yet; false where it is never written. */
  write(): boolean;
}

/** A matrix that grows. Rows that were removed leave their place to the last one. */
export class Matrix implements LoadedSpace {
  #ids = new Float64Array(64);
  #rows: Float32Array;
  #count = 0;
  readonly #places = new Map<number, number>();

  constructor(private readonly dimensions: number) {
    this.#rows = new Float32Array(64 * dimensions);
  }

  get bytes(): number {
    return this.#rows.byteLength + this.#ids.byteLength;
  }

  add(ids: readonly number[], vectors: Float32Array): void {
    this.#makeRoom(this.#count + ids.length);
    ids.forEach((id, at) => {
      if (this.#places.has(id)) return;
      this.#rows.set(vectors.subarray(at * this.dimensions, (at + 1) * this.dimensions), this.#count * this.dimensions);
      this.#ids[this.#count] = id;
      this.#places.set(id, this.#count++);
    });
  }

  remove(ids: readonly number[]): void {
    for (const id of ids) {
      const place = this.#places.get(id);
      if (place === undefined) continue;
      const last = --this.#count;
      const moved = this.#ids[last] ?? 0;
      this.#rows.copyWithin(place * this.dimensions, last * this.dimensions, (last + 1) * this.dimensions);
      this.#ids[place] = moved;
      this.#places.set(moved, place);
      this.#places.delete(id);
    }
  }

  search(query: Float32Array, k: number): number[] {
    return exactNearest(this.#ids.subarray(0, this.#count), this.#rows, query, k).map(({ id }) => id);
  }

  write(): false {
    return false;
  }

  #makeRoom(rows: number): void {
    if (rows <= this.#ids.length) return;
    const room = Math.max(rows, 2 * this.#ids.length);
    const [ids, values] = [new Float64Array(room), new Float32Array(room * this.dimensions)];
    ids.set(this.#ids);
    values.set(this.#rows);
    this.#ids = ids;
    this.#rows = values;
  }
}

export class Graph implements LoadedSpace {
  readonly #index: UsearchIndex;

  private constructor(private readonly dimensions: number, private readonly file: (name: string) => string, usearch: Usearch) {
    // Inner product: all vectors are of unit length, so it is the cosine without a division.
    this.#index = new usearch.Index({ dimensions, metric: "ip", quantization: "f16", multi: false, ...GRAPH });
  }

  static empty(usearch: Usearch, dimensions: number, folder: string, space: string): Graph {
    return new Graph(dimensions, (name) => join(folder, `${space}.${name}`), usearch);
  }

  /** From a file of that digest; `null` where there is none, it holds other bytes, or usearch cannot read it. */
  static read(usearch: Usearch, dimensions: number, folder: string, space: string, sha256: string): Graph | null {
    const graph = Graph.empty(usearch, dimensions, folder, space);
    const path = graph.file(sha256);
    if (!existsSync(path) || createHash("sha256").update(readFileSync(path)).digest("hex") !== sha256) return null;
    try {
      graph.#index.load(path);
    } catch (error) {
      // Of a release of usearch that writes another form, for one.
      if (error instanceof Error) return null;
      throw error;
    }
    return Number(graph.#index.dimensions()) === dimensions ? graph : null;
  }

  get bytes(): number {
    return Number(this.#index.capacity()) * (2 * this.dimensions + EDGES_BYTES);
  }

  add(ids: readonly number[], vectors: Float32Array): void {
    const keys = ids.map(BigInt);
    const fresh = keys.flatMap((key, at) => (this.#index.contains(key) === true ? [] : [at]));
    if (fresh.length === 0) return;
    const all = fresh.length === ids.length;
    const rows = all ? vectors : new Float32Array(fresh.flatMap((at) => [...vectors.subarray(at * this.dimensions, (at + 1) * this.dimensions)]));
    this.#index.add(BigUint64Array.from(all ? keys : fresh.map((at) => keys[at] ?? 0n)), rows, 1);
  }

  remove(ids: readonly number[]): void {
    for (const id of ids) if (this.#index.contains(BigInt(id)) === true) this.#index.remove(BigInt(id));
  }

  search(query: Float32Array, k: number): number[] {
    const size = Number(this.#index.size());
    if (size === 0) return [];
    return [...this.#index.search(query, Math.min(k, size), 1).keys].map(Number);
  }

  write(): true {
    this.#index.save(this.file(PASSING));
    return true;
  }
}

/** Gives what was written the name of its digest. No fsync: a file that a power cut tore is not of that digest any more, and is made again. */
export function nameFile(folder: string, space: string): string {
  const passing = join(folder, `${space}.${PASSING}`);
  const sha256 = createHash("sha256").update(readFileSync(passing)).digest("hex");
  renameSync(passing, join(folder, `${space}.${sha256}`));
  return sha256;
}
