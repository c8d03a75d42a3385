import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { limits } from "./crash-writer.ts";
import { openStore, type Store } from "./db.ts";
import { openOutbox, type Outbox } from "./outbox.ts";

let dir: string;
let store: Store;
let outbox: Outbox;

const open = (): void => {
  store = openStore({ state_dir: dir, limits, fatal: () => undefined });
  outbox = openOutbox(store);
};
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-outbox-"));
  open();
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const bytes = (length: number, seed: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * seed) & 0xff);
const hold = (id: number, blobs: readonly Uint8Array[]): void => store.atomic(() => outbox.hold({ id, name: `gate-${id}`, blobs }));
const ids = (): number[] => outbox.pending().map(({ id }) => id);

test("what is held comes back byte for byte after a restart, of every length around a part's", async () => {
  const blobs = [0, 1, 1_799, 1_800, 1_801, 3_600, 40_000].map((length) => bytes(length, 7));
  hold(4, blobs);
  hold(3, [bytes(5, 3), bytes(6, 5)]);
  await store.close();
  open();
  expect(outbox.pending()).toEqual([
    { id: 3, name: "gate-3", blobs: [bytes(5, 3), bytes(6, 5)] },
    { id: 4, name: "gate-4", blobs },
  ]);
});

test("a transaction that fails holds nothing", () => {
  expect(() =>
    store.atomic(() => {
      outbox.hold({ id: 1, name: "gate-1", blobs: [bytes(10, 1)] });
      throw new RangeError("undone");
    }),
  ).toThrow(RangeError);
  expect(ids()).toEqual([]);
});

test("what was sent goes with the next transaction, and what was not stays", () => {
  hold(1, [bytes(4_000, 1)]);
  hold(2, [bytes(4_000, 2)]);
  outbox.sent(1);
  expect(ids()).toEqual([1, 2]);
  hold(3, [bytes(10, 3)]);
  expect(ids()).toEqual([2, 3]);
  outbox.clear();
  expect(ids()).toEqual([]);
});
