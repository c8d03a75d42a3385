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
  dir = mkdtempSync(join(tmpdir(), "maestro-gates-"));
  const limits = { value_bytes_max: 2048, blob_bytes_max: 1, commit_deadline_ms: 5000, free_bytes_min: 1 };
  store = openStore({ state_dir: dir, limits, fatal: () => undefined });
  gates = openGates(store);
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const digest = `sha256:${"0".repeat(64)}`;
const gate = (name: string) => recordId("gate", 1, { name });
const row = (name: string, attempt: number, log_index: number): GateRow => ({
  gate_id: gate(name),
  attempt: { attempt, supersedes: attempt === 1 ? null : attempt - 1, issued_at: "2026-01-01T00:00:00Z", valid_until: "2026-01-02T00:00:00Z" },
  verdict: "hold",
  repo_id: "local:0:x",
  head: "0".repeat(40),
  owner_uid: 0,
  log_index,
  reply: digest,
  bundle: digest,
});

test("attempts of one gate are kept apart from other gates and listed oldest first, recent newest first", () => {
  for (const item of [row("a", 1, 0), row("b", 1, 1), row("a", 2, 2), row("a", 11, 3)]) store.atomic(() => gates.add(item));
  expect(gates.attempts(gate("a")).map((item) => item.attempt.attempt)).toEqual([1, 2, 11]);
  expect(gates.recent(2).map((item) => item.log_index)).toEqual([3, 2]);
  expect(gates.get(gate("b"), 1)?.log_index).toBe(1);
  expect(gates.get(gate("b"), 2)).toBeUndefined();
  expect(gates.count()).toBe(4);
});

test("no rolling until green: an attempt on record is never overwritten", () => {
  store.atomic(() => gates.add(row("a", 1, 0)));
  const again = { ...row("a", 1, 1), verdict: "admit" } as const;
  expect(() => store.atomic(() => gates.add(again))).toThrow("on record already");
  expect(gates.attempts(gate("a")).map((item) => item.verdict)).toEqual(["hold"]);
});

test("a log that begins anew counts from 0 again: rows keep the order in which they were decided", () => {
  for (const item of [row("a", 1, 7), row("b", 1, 8), row("a", 2, 1)]) store.atomic(() => gates.add(item));
  expect(gates.recent(3).map((item) => item.log_index)).toEqual([1, 8, 7]);
  expect([...gates.all()].map((item) => item.log_index)).toEqual([7, 8, 1]);
  expect(gates.places()).toBe(3);
});

test("attack: whoever had a head gated is not forgotten behind ten thousand other gates", () => {
  const head = "b".repeat(40);
  store.atomic(() => gates.add({ ...row("mine", 1, 0), head, owner_uid: 1001 }));
  store.atomic(() => gates.add({ ...row("other", 1, 1), head, repo_id: "local:0:y", owner_uid: 1003 }));
  for (let done = 0; done < 10_100; done += 2_525) store.atomic(() => Array.from({ length: 2_525 }, (_, i) => gates.add({ ...row(`flood ${done + i}`, 1, done + i + 2), owner_uid: 1001 })));
  store.atomic(() => gates.add({ ...row("again", 1, 20_000), head, owner_uid: 1002 }));
  expect(gates.newest().some((one) => one.head === head && one.owner_uid === 1001)).toBe(false);
  expect(gates.submitters("local:0:x", head)).toEqual([1001, 1002]);
  // Ten thousand rows on a busy machine.
}, 120_000);
