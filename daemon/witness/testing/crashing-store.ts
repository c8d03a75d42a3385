/** A store in memory that forgets what was not durable when its process dies, and says when it becomes so: real disks do both at moments no test can choose. */
import { Value } from "@sinclair/typebox/value";
import type { Static, TSchema } from "@sinclair/typebox";
import type { Store } from "../../store/db.ts";
import type { Key } from "../../store/record.ts";
import type { Table } from "../../store/table.ts";

export class CrashingStore implements Pick<Store, "table" | "atomic" | "durable"> {
  private rows = new Map<string, unknown>();
  private kept = new Map<string, unknown>();
  private waiting: (() => void)[] = [];

  table<K extends Key, S extends TSchema>(name: string, schema: S): Table<K, Static<S>> {
    const at = (key: K): string => `${name}\0${JSON.stringify(key)}`;
    return {
      name,
      get: (key) => {
        const found = this.rows.get(at(key));
        return found === undefined ? undefined : Value.Decode(schema, found);
      },
      put: (key, value) => void this.rows.set(at(key), value),
      remove: (key) => this.rows.delete(at(key)),
      *entries() {
        throw new Error("not asked for here");
      },
      *keys() {
        throw new Error("not asked for here");
      },
      count: () => this.rows.size,
      stated: () => this.rows.size,
    };
  }

  atomic<T>(work: () => T): T {
    const before = new Map(this.rows);
    try {
      return work();
    } catch (error) {
      this.rows = before;
      throw error;
    }
  }

  durable(): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.waiting.push(done.resolve);
    return done.promise;
  }

  /** Everything so far is on disk, and whoever waits hears of it. */
  flush(): void {
    this.kept = new Map(this.rows);
    for (const tell of this.waiting.splice(0)) tell();
  }

  /** Whoever waits never hears of it. */
  crash(): void {
    this.rows = new Map(this.kept);
    this.waiting = [];
  }
}
