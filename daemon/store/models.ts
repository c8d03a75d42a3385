/** Models by name: which blobs each consists of. Written once; an operator removes it, nothing else does. */
import { StoredModel } from "../../proto/model-store.ts";
import type { Store } from "./db.ts";
import { unlessCorrupt } from "./failure.ts";

export interface ModelTable {
  get(name: string): StoredModel | undefined;
  /** By name; without those that are damaged: no other one is less there for them. */
  all(): readonly StoredModel[];
  /** Names whose records are damaged, which only `maestro fsck --repair` lets go of. */
  damaged(): readonly string[];
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
  const read = (): { readonly name: string; readonly model: StoredModel | undefined }[] => [...table.keys()].map((name) => ({ name, model: unlessCorrupt(() => table.get(name)) }));
  return {
    get: (name) => table.get(name),
    all: () => read().flatMap(({ model }) => model ?? []),
    damaged: () => read().flatMap(({ name, model }) => (model === undefined ? [name] : [])),
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
