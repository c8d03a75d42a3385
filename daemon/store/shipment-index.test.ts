/** Releases by gate, by file and by time, each found without reading what was signed. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../proto/config.ts";
import type { ShipmentRow } from "../../proto/shipping.ts";
import { openStore, type Store } from "./db.ts";
import { openShipmentIndex, type ShipmentIndex } from "./shipment-index.ts";

let folder: string;
let store: Store;
let index: ShipmentIndex;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maestro-shipment-index-"));
  store = openStore({ state_dir: folder, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: () => undefined });
  index = openShipmentIndex(store, 4);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const FILE = "ab".repeat(32);
const row = (log_index: number): ShipmentRow => ({ shipment_id: `shipment-${String(log_index).padStart(32, "0")}`, repo_id: "acme/app", target_ref: "refs/heads/main", head: "a".repeat(40), owner_uid: 7, log_index, artifact: { name: "app.tar", sha256: FILE, bytes: 3 }, shipment: `sha256:${"1".repeat(64)}`, release: `sha256:${"2".repeat(64)}` });
const refused = (at_s: number) => ({ at_s, repo_id: "acme/app", head: "b".repeat(40), owner_uid: 7, refused: "commits.uncovered" as const });

test("a release is found by each of its gates and by its file, newest first, and counted once however often it is added", () => {
  for (const at of [5, 9, 9]) store.atomic(() => index.add({ row: row(at), at_s: 100 + at, provenance: at === 5, gates: ["gate-a-1", "gate-b-1", "gate-b-1"] }));
  expect([index.ofGate("gate-b-1").length, index.ofGate("gate-b"), index.ofFile(FILE), index.count()]).toEqual([2, [], [row(9).shipment_id, row(5).shipment_id], 2]);
  expect(index.asked(0, null, 10).map(({ value: { at_s, refused: why, provenance } }) => [at_s, why, provenance])).toEqual([[109, null, false], [105, null, true]]);
  expect(index.asked(106, null, 10)).toHaveLength(1);
});

test("attack: a log that began anew gives out its numbers again: the later release of the same file is found, and is the newest", () => {
  const again = (log_index: number, id: string): ShipmentRow => ({ ...row(log_index), shipment_id: `shipment-${id.repeat(32)}` });
  const before = { row: again(9, "a"), at_s: 100, provenance: false, gates: ["gate-a-1"] };
  const same_number = { ...before, row: again(9, "b"), at_s: 200 };
  const lower_number = { ...before, row: again(1, "c"), at_s: 200 };
  for (const one of [before, same_number, lower_number, before, same_number]) store.atomic(() => index.add(one));
  expect(index.ofFile(FILE)).toEqual([lower_number, same_number, before].map((one) => one.row.shipment_id));
  expect([index.count(), index.ofGate("gate-a-1").length, index.asked(0, null, 10).length]).toEqual([3, 3, 3]);
});

test("questions of one second are all counted; the oldest go where there are more than are kept", () => {
  for (const at of [1, 2, 2, 2, 3]) store.atomic(() => index.refused(refused(at)));
  expect(index.asked(0, null, 10).map(({ key }) => key)).toEqual([[3, 0], [2, 2], [2, 1], [2, 0]]);
  const first = index.asked(0, null, 2);
  expect(index.asked(0, first.at(-1)?.key ?? null, 10).map(({ key }) => key)).toEqual([[2, 1], [2, 0]]);
});
