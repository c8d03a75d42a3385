/** A release by its id or its file's digest, of a real store: the newest that the reader may see, and not a word of anybody else's. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { canonicalBytes } from "../../proto/canonical.ts";
import { StoreLimits } from "../../proto/config.ts";
import { utf8 } from "../../proto/encoding.ts";
import type { ShipmentRow } from "../../proto/shipping.ts";
import { openArtifacts } from "../store/artifacts.ts";
import { sha256Digest } from "../store/blobs.ts";
import { openStore, type Store } from "../store/db.ts";
import { openShipmentIndex } from "../store/shipment-index.ts";
import { keepShipment } from "../store/shipments.ts";
import { ownUser, tenant } from "../testing/tenants.ts";
import { findShipment, shipmentOf, type ShipmentShelf } from "./find-shipment.ts";

const FILE = "ab".repeat(32);
const limits = { ...Value.Create(StoreLimits), free_bytes_min: 1 };
const web = tenant("web", 1001, { space: "1001" });
let state_dir: string;
let store: Store;
let shelf: ShipmentShelf;

beforeAll(async () => {
  state_dir = mkdtempSync(join(tmpdir(), "maestro-find-shipment-"));
  store = openStore({ state_dir, limits, fatal: () => undefined });
  const [artifacts, shipped] = [await openArtifacts({ state_dir, limits }), openShipmentIndex(store)];
  shelf = { artifacts, shipped };
  for (const [log_index, owner] of [[1, { owner_uid: 1001, owner_tenant: "web" }], [2, { owner_uid: 1002, owner_tenant: "api" }]] as const) {
    const [shipment, release] = [utf8(`shipment ${log_index}`), utf8(`release ${log_index}`)];
    const row: ShipmentRow = { shipment_id: `shipment-${String(log_index).repeat(32)}`, repo_id: `local:${owner.owner_uid}:app`, target_ref: "refs/heads/main", head: "a".repeat(40), ...owner, log_index, artifact: { name: "app.tar", sha256: FILE, bytes: 3 }, shipment: sha256Digest(shipment), release: sha256Digest(release) };
    await keepShipment(artifacts, row.shipment_id, [shipment, release, canonicalBytes(row)]);
    store.atomic(() => shipped.add({ row, at_s: log_index, provenance: false, gates: [] }));
  }
});
afterAll(async () => {
  await store.close();
  rmSync(state_dir, { recursive: true, force: true });
});

test("the newest of a file, by either spelling of its digest, and any by its id", async () => {
  for (const id of [FILE, `sha256:${FILE}`]) expect((await findShipment(shelf, ownUser(7), id)).row.log_index).toBe(2);
  expect((await findShipment(shelf, ownUser(7), `shipment-${"1".repeat(32)}`)).row.log_index).toBe(1);
});

test("attack: a tenant asks for another's release, by its id and by the digest of a file that both released", async () => {
  expect((await findShipment(shelf, web, FILE)).row.log_index).toBe(1);
  const theirs = `shipment-${"2".repeat(32)}`;
  expect(await shipmentOf(shelf, web, theirs)).toBeNull();
  const said = await Promise.all([theirs, `shipment-${"3".repeat(32)}`].map((id) => findShipment(shelf, web, id).catch((error: unknown) => String(error).replace(id, "ID"))));
  expect(said[0]).toBe(said[1] ?? "");
});
