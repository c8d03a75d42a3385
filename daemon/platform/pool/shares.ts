/** The most that are held at once. */
export const heldMax = (places: number): number => 2 * places;

/**
 * Who holds how many of a number of places. Up to `places` anybody takes one; above that only whoever holds none, and at most
 * as many again: nobody waits for another user's long work to end, and one user alone still has the whole machine.
 */
export class Shares {
  readonly #held = new Map<string, number>();
  readonly #places: number;
  #total = 0;

  /** Requires places >= 1. */
  constructor(places: number) {
    if (!(places >= 1)) throw new RangeError(`${places} places`);
    this.#places = places;
  }

  get total(): number {
    return this.#total;
  }

  held(key: string): number {
    return this.#held.get(key) ?? 0;
  }

  admits(key: string): boolean {
    if (this.#total < this.#places) return true;
    return !this.#held.has(key) && this.#total < heldMax(this.#places);
  }

  take(key: string): void {
    this.#held.set(key, (this.#held.get(key) ?? 0) + 1);
    this.#total += 1;
  }

  give(key: string): void {
    const held = this.#held.get(key) ?? 0;
    if (held === 0) throw new Error(`${key} holds no place`);
    if (held === 1) this.#held.delete(key);
    else this.#held.set(key, held - 1);
    this.#total -= 1;
  }
}
