/**
 * Those who wait, by whom they wait for. The keys take turns, and within a key it is first come, first served:
 * a thousand in line of one user are one turn ahead of another user's first, not a thousand.
 */
export class FairLine<T> {
  /** In the order of their turns; a key without anybody in line is not in it. */
  readonly #lines = new Map<string, T[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Who has somebody in line, in the order of their turns. */
  keys(): readonly string[] {
    return [...this.#lines.keys()];
  }

  /** How many a key has in line. */
  of(key: string): number {
    return this.#lines.get(key)?.length ?? 0;
  }

  push(key: string, item: T): void {
    const line = this.#lines.get(key);
    if (line === undefined) this.#lines.set(key, [item]);
    else line.push(item);
    this.#size += 1;
  }

  /** The first of the next key that `may` go now; that key's next turn comes after everybody else's. */
  shift(may: (key: string) => boolean = () => true): { readonly key: string; readonly item: T } | undefined {
    for (const [key, line] of this.#lines) {
      const [item] = line;
      if (item === undefined || !may(key)) continue;
      this.#drop(key, line, 0);
      const rest = this.#lines.get(key);
      if (rest !== undefined) {
        this.#lines.delete(key);
        this.#lines.set(key, rest);
      }
      return { key, item };
    }
    return undefined;
  }

  /** `false` where it is not in line any more. */
  remove(key: string, item: T): boolean {
    const line = this.#lines.get(key);
    const at = line?.indexOf(item) ?? -1;
    if (line === undefined || at < 0) return false;
    this.#drop(key, line, at);
    return true;
  }

  /** The last to come of the key with most in line, if that is more than `key` has (`own`: in all its lines) and would then have: whose place a newcomer may take. */
  popLongest(key: string, own = this.of(key)): T | undefined {
    let longest: string | undefined;
    let most = own + 1;
    for (const [other, line] of this.#lines) {
      if (line.length <= most) continue;
      longest = other;
      most = line.length;
    }
    const line = longest === undefined ? undefined : this.#lines.get(longest);
    if (longest === undefined || line === undefined) return undefined;
    const last = line[line.length - 1];
    this.#drop(longest, line, line.length - 1);
    return last;
  }

  /** Everybody leaves, in no particular order. */
  clear(): T[] {
    const all = [...this.#lines.values()].flat();
    this.#lines.clear();
    this.#size = 0;
    return all;
  }

  #drop(key: string, line: T[], at: number): void {
    line.splice(at, 1);
    this.#size -= 1;
    if (line.length === 0) this.#lines.delete(key);
  }
}
