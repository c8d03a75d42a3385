/** Models by name: which blobs each consists of. Written once; an operator removes it, nothing else does. */
import { StoredModel } from "../../proto/model-store.ts";
import type { Store } from "./db.ts";
import { unlessCorrupt } from "./failure.ts";

export interface ModelTable {
  get(name: string): StoredModel | undefined;
  /** By name; without those that are damaged, which the scrubber says: no other one is less there for them. */
  all(): readonly StoredModel[];
  count(): number;
  /** Durable when it resolves. Throws `invariant.violated` for a record that names no licence, or differs from the one that stands. */
  put(model: StoredModel): Promise<void>;
  /** False where there was none. Durable when it resolves. */
  remove(name: string): Promise<boolean>;
  /** Digests of every blob that some model consists of. Throws `store.corrupt` where one is damaged: nobody knows what it consists of. */
  referred(): Generator<string, void>;
}

export function openModels(store: Pick<Store, "table" | "atomic" | "freeing" | "durable">): ModelTable {
  const table = store.table<string, typeof StoredModel>("models", StoredModel);
  return {
    get: (name) => table.get(name),
    all: () => [...table.keys()].flatMap((name) => unlessCorrupt(() => table.get(name)) ?? []),
    count: () => table.count(),
    async put(model) {
      store.atomic(() => table.put(model.name, model));
      await store.durable();
    },
    async remove(name) {
      const there = store.freeing(() => table.remove(name));
      await store.durable();
      return there;
    },
    *referred() {
      for (const { value } of table.entries()) for (const { sha256 } of value.files) yield `sha256:${sha256}`;
    },
  };
}
