/** The plain search that every other one is held against: each row is looked at. */

export interface Neighbour {
  readonly id: number;
  /** Cosine, as all vectors are of unit length. */
  readonly score: number;
}

/** Higher first; of two that are as near the older. */
const nearer = (a: Neighbour, b: Neighbour): number => b.score - a.score || a.id - b.id;

export function dot(a: Float32Array, b: Float32Array, at = 0): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[at + i] ?? 0);
  return sum;
}

/** Keeps the `k` nearest of what is put in, in no more than a few times `k` places. */
class Nearest {
  #kept: Neighbour[] = [];
  #worst = -Infinity;

  constructor(private readonly k: number) {}

  put(id: number, score: number): void {
    if (this.#kept.length >= this.k && score < this.#worst) return;
    this.#kept.push({ id, score });
    if (this.#kept.length >= 4 * this.k) this.#cut();
  }

  take(): Neighbour[] {
    this.#cut();
    return this.#kept;
  }

  #cut(): void {
    this.#kept = this.#kept.sort(nearer).slice(0, this.k);
    if (this.#kept.length === this.k) this.#worst = this.#kept.at(-1)?.score ?? -Infinity;
  }
}

/** The `k` nearest of `ids.length` rows that lie one after the other. */
export function exactNearest(ids: ArrayLike<number>, rows: Float32Array, query: Float32Array, k: number): Neighbour[] {
  const nearest = new Nearest(k);
  for (let place = 0; place < ids.length; place++) nearest.put(ids[place] ?? 0, dot(query, rows, place * query.length));
  return nearest.take();
}
