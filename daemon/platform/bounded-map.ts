/** Values in memory, bounded in number and in characters; the oldest go first. */
export interface BoundedMapLimits {
  readonly entries_max: number;
  /** Of keys, and of values as JSON. A value that alone has more is not kept. */
  readonly characters_max: number;
}

export class BoundedMap<V> {
  /** Oldest first. */
  private readonly entries = new Map<string, { readonly value: V; readonly characters: number }>();
  private characters = 0;

  constructor(private readonly limits: BoundedMapLimits) {}

  get(key: string): V | undefined {
    return this.entries.get(key)?.value;
  }

  put(key: string, value: V): void {
    const { entries_max, characters_max } = this.limits;
    const characters = key.length + JSON.stringify(value).length;
    if (characters > characters_max) return;
    this.drop(key);
    this.entries.set(key, { value, characters });
    this.characters += characters;
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= entries_max && this.characters <= characters_max) return;
      this.drop(oldest);
    }
  }

  private drop(key: string): void {
    this.characters -= this.entries.get(key)?.characters ?? 0;
    this.entries.delete(key);
  }
}
