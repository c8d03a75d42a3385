/** The door of the store: real LMDB, the rules that ship. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { resolveHost, EMBEDDED_CONFIG } from "../config/host.ts";
import { type Store, openStore } from "../store/db.ts";
import type { WriteGuard } from "../store/write-guard.ts";
import { Guards, type Violation } from "./guards.ts";
import { TABLE_EVENTS } from "./readings/index.ts";
import { shippedDocuments } from "./shipped.ts";
import { writeGuard } from "./writes.ts";

const Head = Type.Object({ size: Type.Integer(), frontier: Type.Uint8Array(), checkpoint: Type.String(), time_s: Type.Integer() });
const head = (size: number) => ({ size, frontier: new Uint8Array(32).fill(size), checkpoint: `log.example\n${size}\n`, time_s: 100 + size });
const Any = Type.Object({ n: Type.Integer() });

let folder = "";
let opened: Store | null = null;
const said: (Violation & { readonly event: string })[] = [];
beforeEach(() => {
  said.length = 0;
  folder = mkdtempSync(join(tmpdir(), "guarding-"));
});
afterEach(async () => {
  await opened?.close();
  opened = null;
  rmSync(folder, { recursive: true, force: true });
});

const guardsOf = (): Guards => new Guards({ ...shippedDocuments(), violated: (event, violation) => said.push({ ...violation, event }) });
function open(guard?: WriteGuard): Store {
  return (opened = openStore({ state_dir: folder, limits: resolveHost(EMBEDDED_CONFIG).limits.store, fatal: (reason) => { throw reason; }, guard }));
}

test("attack: a log that shrinks is refused inside its transaction, and what was written beside it goes back", () => {
  const guards = guardsOf();
  const store = open(writeGuard(guards, TABLE_EVENTS));
  const [rows, beside] = [store.table("log.head", Head), store.table("beside", Any)];
  store.atomic(() => rows.put("head", head(7)));
  const shrink = (): void =>
    store.atomic(() => {
      beside.put("a", { n: 1 });
      rows.put("head", head(6));
    });
  expect(shrink).toThrow("INV.LOG.APPEND_ONLY");
  expect([rows.get("head")?.size, beside.get("a")]).toEqual([7, undefined]);
  expect(said).toMatchObject([{ id: "INV.LOG.APPEND_ONLY", severity: "critical", event: "log_head_changed", because: "false" }]);
  expect([...guards.counts.violations]).toEqual([["INV.LOG.APPEND_ONLY", 1]]);
  store.atomic(() => rows.put("head", head(8)));
  expect([rows.get("head")?.size, said.length]).toEqual([8, 1]);
  expect(guards.counts.checks).toBeGreaterThan(1);
});

test("without the guard the same log shrinks and nobody notices: it is the guard that does the work", () => {
  const store = open();
  const rows = store.table("log.head", Head);
  store.atomic(() => rows.put("head", head(7)));
  store.atomic(() => rows.put("head", head(6)));
  expect(rows.get("head")?.size).toBe(6);
});

test("attack: a record that may not go is removed", () => {
  const guards = guardsOf();
  let log_size = 3;
  const store = open(writeGuard(guards, { things: { name: "log_entry", fields: () => ({ index: 3, log_size }) } }));
  const things = store.table("things", Any);
  store.atomic(() => things.put("a", { n: 1 }));
  log_size = 7;
  expect(() => store.atomic(() => things.remove("a"))).toThrow("INV.LOG.ENTRY_STAYS");
  expect(things.get("a")).toEqual({ n: 1 });
});

test("attack: a reading that throws, or leaves out what a rule asks for, is taken for a rule that holds", () => {
  const guards = guardsOf();
  const broken = { fields: (): never => { throw new Error("secret of the record"); } };
  const store = open(writeGuard(guards, { broken: { name: "log_head", ...broken }, empty: { name: "log_head", fields: () => ({}) } }));
  for (const name of ["broken", "empty"]) {
    const table = store.table(name, Any);
    // Nothing is asked of a head that is made; of one that changes, everything.
    store.atomic(() => table.put("a", { n: 1 }));
    expect(() => store.atomic(() => table.put("a", { n: 2 }))).toThrow("INV.LOG");
    expect(table.get("a")).toEqual({ n: 1 });
  }
  expect(said.map(({ because }) => because)).toEqual(["error", "missing"]);
  expect(JSON.stringify(said)).not.toContain("secret");
});

test("a table that no rule is about costs no look at what stood there", () => {
  const asked: string[] = [];
  const guard = writeGuard(guardsOf(), TABLE_EVENTS);
  const store = open({ table: (name) => { asked.push(name); return guard.table(name); } });
  const table = store.table("gate_names", Any);
  store.atomic(() => table.put("a", { n: 1 }));
  expect([asked.includes("gate_names"), guard.table("gate_names"), table.get("a")]).toEqual([true, null, { n: 1 }]);
});
