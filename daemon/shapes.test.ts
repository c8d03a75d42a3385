/** What stands in a row is what this version of the state folder says: an older daemon takes one more field for damage, and would be told to repair it. */
import { afterAll, beforeAll, expect, mock, spyOn, test } from "bun:test";
import { createHash } from "node:crypto";
import { STORE_SCHEMA_VERSION } from "../proto/state-version.ts";
import * as tables from "./store/table.ts";
import { World } from "./testing/core.ts";
import { newSigner } from "./testing/evidence.ts";
import { noteKey, verifierKeyText } from "./verifier/note.ts";

/** Kept outcomes are a cache, whose keys already name the release. */
const LOST_WITHOUT_LOSS = /^kept_outcomes/;
/** Digests of the rows of each table. A table more needs no version; a row that changed needs the next one, with its line in `store/migrations.ts`. */
const VERSION = 5;
const ROWS: Readonly<Record<string, string>> = {
  breakers: "f4d073fd", "events.sources": "f72a81a7", "events.watched": "3437c5e5",
  erasures: "c832442c", "evidence.time": "34cfe11c", floors: "92403c16", gate_names: "c891cf24", gate_names_filled: "5ae6abd7", gate_order: "dcad14d4", gate_submitters: "a4d9f7b8", gate_tree_of: "0e369b66", gate_trees: "c891cf24", gates: "b0f3d2ce", holds: "4610f29f",
  ledger_accounts: "32d90450", ledger_change_payers: "d620b274", ledger_changes: "d620b274", ledger_reservations: "cf3d671a", lineage_edges: "9aa864dd", "log.cosigned": "c7e4c873", "log.entries": "7a5fad9e", "log.head": "bf783078", "log.nodes": "643bdb14", "log.rotations": "7a5fad9e",
  meta: "1f36f5d2", outbox: "cd0f0a50", releases: "b11aab44", "shipments.asked": "d6fb01fc", "shipments.files": "b07cc2eb", "shipments.gates": "b07cc2eb", summaries: "b9b07ebf", "summaries.changes": "cd4a94d3", "summaries.waivers": "6d6a180f", "tests.history": "10266e88", tombstones: "be19259d",
  "usage.evidence": "9711845c", "usage.kept": "9711845c", "usage.links": "c10183dd", "usage.packs": "1abb4215", "usage.payers": "243d2c2c", "usage.runs": "064d5108", "witness.heads": "cfe6bddc",
};
const SAID_ONLY = new Set(["description", "title", "default", "examples"]);
const shapes = new Map<string, string>();
let world: World;

beforeAll(async () => {
  const { createTable } = tables;
  spyOn(tables, "createTable").mockImplementation((name, schema, ...more) => {
    const text = JSON.stringify(schema, (key, value: unknown) => (SAID_ONLY.has(key) ? undefined : value));
    shapes.set(name, createHash("sha256").update(text).digest("hex").slice(0, 8));
    return createTable(name, schema, ...more);
  });
  // Tables that only some configurations open are there too.
  world = await World.open({ witness: { name: "witness.example", logs: [verifierKeyText(noteKey("log.example", newSigner("ed25519").key))] } });
}, 120_000);
afterAll(async () => {
  mock.restore();
  await world[Symbol.asyncDispose]();
});

test("attack: a field more in a row, and an older daemon takes its own folder for damaged: whoever changes a row raises the version", () => {
  const found = Object.fromEntries([...shapes].filter(([name]) => !LOST_WITHOUT_LOSS.test(name)).sort(([a], [b]) => (a < b ? -1 : 1)));
  expect([STORE_SCHEMA_VERSION, found]).toEqual([VERSION, ROWS]);
});
