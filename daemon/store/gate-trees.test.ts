import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recordId } from "../../proto/record.ts";
import { openStore, type Store } from "./db.ts";
import { openGates, type Gates, type GateRow } from "./gates.ts";

let dir: string;
let store: Store;
let gates: Gates;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-trees-"));
  store = openStore({ state_dir: dir, limits: { value_bytes_max: 2048, blob_bytes_max: 1, commit_deadline_ms: 5000, free_bytes_min: 1 }, fatal: () => undefined });
  gates = openGates(store);
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const TREE = "a".repeat(40);
const row = (name: string, bundle = "0"): GateRow => ({
  gate_id: recordId("gate", 1, { name }),
  attempt: { attempt: 1, supersedes: null, issued_at: "2026-01-01T00:00:00Z", valid_until: "2026-01-02T00:00:00Z" },
  verdict: "admit", repo_id: "local:0:x", head: "0".repeat(40), owner_uid: 0, log_index: 0,
  reply: `sha256:${"0".repeat(64)}`, bundle: `sha256:${bundle.repeat(64)}`,
});
const add = (one: GateRow, tree?: string | null): void => store.atomic(() => gates.add(one, tree));
const idsOf = (tree: string): string[] => gates.ofTree(tree).map(({ gate_id }) => gate_id);

test("gates of one content are found newest first, and no others; a conflict is known to have none", () => {
  add(row("a"), TREE);
  add(row("b"), "b".repeat(40));
  add(row("conflict"), null);
  add(row("c"), TREE);
  expect(idsOf(TREE)).toEqual([row("c").gate_id, row("a").gate_id]);
  expect([gates.trees.count(), gates.places(), gates.trees.knows(2)]).toEqual([4, 4, true]);
});

test("a row without its content is known once it is told; what is told of a row that went meanwhile is not kept", () => {
  add(row("a"));
  expect([idsOf(TREE), gates.trees.knows(0)]).toEqual([[], false]);
  const gone = row("gone", "1");
  gates.tellTrees([{ place: 0, row: row("a"), tree: TREE }, { place: 0, row: gone, tree: "c".repeat(40) }, { place: 7, row: gone, tree: TREE }]);
  expect([idsOf(TREE), idsOf("c".repeat(40)), gates.trees.count()]).toEqual([[row("a").gate_id], [], 1]);
});

test("whoever goes is no longer found, and leaves no record of its content", () => {
  add(row("a"), TREE);
  store.atomic(() => gates.remove(0, row("a")));
  expect([idsOf(TREE), store.scanner.count("gate_trees"), store.scanner.count("gate_tree_of")]).toEqual([[], 0, 0]);
});
