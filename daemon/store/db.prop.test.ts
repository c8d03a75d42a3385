import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import fc from "fast-check";
import { openStore } from "./db.ts";
import { times } from "../testing/scale.ts";

const limits = { value_bytes_max: 2048, blob_bytes_max: 1, commit_deadline_ms: 5000, free_bytes_min: 1 };
const key = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.string({ maxLength: 4 }).filter((text) => text.isWellFormed()));
const write = fc.record({ key, value: fc.option(fc.string({ maxLength: 50, unit: "grapheme" })) });
const batch = fc.record({ writes: fc.array(write, { maxLength: 8 }), fails: fc.boolean(), reopens: fc.boolean() });

test("a table is a map: batches that throw leave no trace, reopening changes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { maxLength: 12 }), async (batches) => {
      const dir = mkdtempSync(join(tmpdir(), "maestro-model-"));
      const open = () => {
        const store = openStore({ state_dir: dir, limits, fatal: () => undefined });
        return { store, table: store.table<string | number, ReturnType<typeof Type.String>>("t", Type.String()) };
      };
      let { store, table } = open();
      let model = new Map<string | number, string>();
      try {
        for (const { writes, fails, reopens } of batches) {
          const next = new Map(model);
          const work = () => {
            for (const { key, value } of writes) {
              if (value === null) expect(table.remove(key)).toBe(next.delete(key));
              else {
                table.put(key, value);
                next.set(key, value);
              }
              expect(table.get(key)).toBe(value ?? undefined);
            }
            if (fails) throw new Error("undo");
          };
          if (fails) expect(() => store.atomic(work)).toThrow("undo");
          else {
            store.atomic(work);
            model = next;
          }
          if (reopens) {
            await store.close();
            ({ store, table } = open());
          }
        }
        expect(new Map([...table.entries()].map((entry) => [entry.key, entry.value]))).toEqual(model);
      } finally {
        await store.close();
        rmSync(dir, { recursive: true, force: true });
      }
    }),
    { numRuns: times(40) },
  );
});
