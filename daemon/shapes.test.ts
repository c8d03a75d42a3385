/** What stands in a row is what this version of the state folder says: an older daemon takes one more field for damage, and would be told to repair it. */
import { afterAll, beforeAll, expect, mock, spyOn, test } from "bun:test";
import { createHash } from "node:crypto";
import { STORE_SCHEMA_VERSION } from "../proto/state-version.ts";
import * as tables from "./store/table.ts";
import { World } from "./testing/core.ts";
import { newSigner } from "./testing/evidence.ts";
import { noteKey, verifierKeyText } from "./verifier/note.ts";

/** Kept outcomes are a cache, whose keys already name the release; an answer whose row is another is asked again. */
const LOST_WITHOUT_LOSS = /^(?:kept_outcomes|answers)/;
/** Digests of the rows of each table. A table more needs no version; a row that changed needs the next one, with its line in `store/migrations.ts`. */
const VERSION = 6;
const ROWS: Readonly<Record<string, string>> = {
  breakers: "f4d073fd", cards: "5931c984", "events.sources": "f72a81a7", "events.watched": "3437c5e5",
  episodes: "9cc6d134", "episodes.hours": "c6308c7c", "episodes.keys": "70062436", "episodes.open": "2a91600c", "episodes.outcomes": "c7ba557d", "episodes.parts": "a1b7ba58", "episodes.spaces": "b1ee145c",
  erasures: "c832442c", "evidence.time": "34cfe11c", floors: "92403c16", gate_names: "c891cf24", gate_names_filled: "5ae6abd7", gate_order: "dcad14d4", gate_submitters: "a4d9f7b8", gate_tree_of: "0e369b66", gate_trees: "c891cf24", gates: "b0f3d2ce", holds: "4610f29f",
  ledger_accounts: "04a0f5bc", ledger_change_payers: "e186f2cc", ledger_changes: "e186f2cc", ledger_due: "ec5bdad3", ledger_held: "f24c994f", ledger_reservations: "1e4bbf2e", lineage_edges: "9aa864dd", "log.cosigned": "c7e4c873", "log.entries": "7a5fad9e", "log.head": "bf783078", "log.nodes": "643bdb14", "log.rotations": "7a5fad9e",
  "market.open": "02d49385", "market.owed": "ec56430e", "market.prices": "6821534c", "market.served": "58a51a23", "market.slots": "73f9f524", "market.windows": "39c0bc9a",
  meta: "1f36f5d2", models: "bef649ad", outbox: "cd0f0a50", releases: "b11aab44", "shipments.asked": "d6fb01fc", "shipments.files": "b07cc2eb", "shipments.gates": "b07cc2eb", summaries: "b9b07ebf", "summaries.changes": "cd4a94d3", "summaries.waivers": "6d6a180f", "tests.history": "10266e88", tombstones: "460ed32c",
  "routing.deciders": "2d64f0ee", "routing.used": "41ed138f", "routing.watched": "7dbdc9f9",
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
  const router = { id: "models", baseline: "large", value_usd_micro: 0, outcome_s: 60, reward: { name: "solved", version: 1, min: 0, max: 1 }, context: [], arms: [{ id: "large", reversible: false, reward: 0 }] };
  world = await World.open({ routers: [router], market: { slot_s: 10, method: "adagrad", step_max: 0.25, window_slots: 360, resources: [{ resource: "tokens", capacity: 1, price_max: 1 }] }, witness: { name: "witness.example", logs: [verifierKeyText(noteKey("log.example", newSigner("ed25519").key))] } });
  await world.core.learned.episodes();
}, 120_000);
afterAll(async () => {
  mock.restore();
  await world[Symbol.asyncDispose]();
});

test("attack: a field more in a row, and an older daemon takes its own folder for damaged: whoever changes a row raises the version", () => {
  const found = Object.fromEntries([...shapes].filter(([name]) => !LOST_WITHOUT_LOSS.test(name)).sort(([a], [b]) => (a < b ? -1 : 1)));
  expect([STORE_SCHEMA_VERSION, found]).toEqual([VERSION, ROWS]);
});
