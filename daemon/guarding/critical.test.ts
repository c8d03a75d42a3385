/** Every door is guarded, and the table that says by what is true of a real daemon. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { COMPILED, compiledText, FLOWS, flowsText, IDS, idsText } from "../../invariants/build.ts";
import { ROUTES } from "../../proto/routes.ts";
import { newSigner } from "../testing/evidence.ts";
import { LMDB_OPTIONS } from "../store/options.ts";
import { World } from "../testing/core.ts";
import { noteKey, verifierKeyText } from "../verifier/note.ts";
import { openTextTable } from "../models/exemplars/index.ts";
import { VectorTables } from "../models/vectors/table.ts";
import { openAnswerTable } from "../models/answers/table.ts";
import { coverageOf } from "../invariants/coverage.ts";
import { CRITICAL_ACTS, CRITICAL_ROUTES, CRITICAL_TABLES } from "./critical.ts";
import { criticalFlows } from "./flows.ts";
import { TABLE_EVENTS } from "./readings/index.ts";
import { SHOWING } from "./shown.ts";
import { shippedDocuments } from "./shipped.ts";
import { eventsOf } from "./writes.ts";

const { documents, events } = shippedDocuments();
let world: World;
beforeAll(async () => {
  // Tables that only some configurations open are there too.
  world = await World.open({ market: { slot_s: 10, method: "adagrad", step_max: 0.25, window_slots: 360, resources: [{ resource: "tokens", capacity: 1, price_max: 1 }] }, witness: { name: "witness.example", logs: [verifierKeyText(noteKey("log.example", newSigner("ed25519").key))] } });
  await world.core.learned.episodes();
  await world.core.routed.reload([{ id: "models", context: [], arms: [{ id: "a", reversible: false, reward: 0 }], baseline: "a", reward: { name: "n", version: 1, min: 0, max: 1 }, value_usd_micro: 0, outcome_s: 1 }]);
  await world.core.evaluating.desk();
  openAnswerTable(world.core.store);
  openTextTable(world.core.store);
  new VectorTables(world.core.store);
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

test("every table that a daemon opens has its row in critical.ts, and no row outlives its table", () => {
  expect(Object.keys(CRITICAL_TABLES).sort()).toEqual(world.core.store.scanner.tables().sort());
  // A store that opens one table too many ends the daemon that asks for it.
  expect(Object.keys(CRITICAL_TABLES).length).toBeLessThan(LMDB_OPTIONS.maxDbs);
  expect(Object.keys(TABLE_EVENTS).filter((name) => !Object.hasOwn(CRITICAL_TABLES, name))).toEqual([]);
});

test("every route, whatever its verb, has its row in critical.ts, and no row outlives its route", () => {
  expect(Object.keys(CRITICAL_ROUTES).sort()).toEqual(Object.keys(ROUTES).sort());
  // Who is told nothing of their own is asked nothing of their own: what names a gate has the rule about whose it is.
  const showing = Object.entries(CRITICAL_ROUTES).filter(([, cover]) => Array.isArray(cover) && cover.includes("INV.TENANT.READS")).map(([name]) => name);
  expect(showing.sort()).toEqual([...SHOWING].sort());
});

test("each row names rules that ship and are about what happens there; at least nine of ten critical flows have one", () => {
  const { critical, guarded, wrong } = coverageOf(criticalFlows(), documents);
  expect(wrong).toEqual([]);
  expect(guarded / critical).toBeGreaterThanOrEqual(0.9);
});

test("attack: a row names a rule that is gone, or one about something else, or none, and is believed", () => {
  const rows = [
    { name: "a", cover: ["INV.GONE"], events: ["a_created"] },
    { name: "b", cover: ["INV.LOG.APPEND_ONLY"], events: ["b_created"] },
    { name: "c", cover: [], events: ["c_created"] },
    { name: "d", cover: { open: "nobody wrote one" }, events: [] },
    { name: "e", cover: { derived: "an index" }, events: [] },
  ];
  expect(coverageOf(rows, documents)).toEqual({
    critical: 4,
    guarded: 3,
    generic: 0,
    open: [{ name: "d", because: "nobody wrote one" }],
    wrong: ["a: there is no rule INV.GONE", "b: INV.LOG.APPEND_ONLY is about log_head_changed, which does not happen there", "c: names no rule"],
  });
});

test("attack: forty flows are called guarded because one rule is asked of all of them", () => {
  const all = Array.from({ length: 8 }, (_, i) => ({ name: `r${i}`, cover: i === 0 ? ["INV.ACCESS.VERB", "INV.TENANT.READS"] : ["INV.ACCESS.VERB"], events: ["request", "gate_shown"] }));
  expect(coverageOf(all, documents)).toMatchObject({ critical: 8, guarded: 8, generic: 7, wrong: [] });
});

test("every rule compiles as the daemon loads it, and the file it loads is made of the YAML as it stands", () => {
  for (const { id } of documents) expect(world.core.guarding.guards.byId(id)?.id).toBe(id);
  expect(readFileSync(COMPILED, "utf8")).toBe(compiledText());
  expect(readFileSync(IDS, "utf8")).toBe(idsText());
  // Stale? `bun invariants/build.ts` makes both anew.
  expect(readFileSync(FLOWS, "utf8")).toBe(flowsText());
});

test("an event of a table that a rule is about is declared", () => {
  const emitted = Object.values(TABLE_EVENTS).flatMap((table) => Object.values(eventsOf(table)));
  const asked = emitted.filter((event) => world.core.guarding.guards.live(event));
  expect(asked.filter((event) => events.of(event) === null)).toEqual([]);
  expect(asked.length).toBeGreaterThan(30);
});

test("every act is told by code of the daemon, under the name that the rules know", async () => {
  const sources = new Bun.Glob("daemon/{gate,models,platform,reporter,tenants}/**/*.ts").scan({ cwd: Bun.fileURLToPath(new URL("../..", import.meta.url)), absolute: true });
  const told = new Set<string>();
  for await (const path of sources) if (!path.includes("test")) for (const [, event = ""] of readFileSync(path, "utf8").matchAll(/\bact(?:\?\.)?\("([a-z_]+)"/g)) told.add(event);
  expect([...told].sort()).toEqual(Object.keys(CRITICAL_ACTS).sort());
});

test("the page of shipped rules has each of them, with its severity, and no other", () => {
  const page = readFileSync(Bun.fileURLToPath(new URL("../../docs/shipped-invariants.md", import.meta.url)), "utf8");
  const rows = [...page.matchAll(/^\| `(INV\.[A-Z_.]+)` \| (\w+) \| (.+?) \|/gm)].map(([, id, severity, why]) => [id, severity, why]);
  expect(rows).toEqual(documents.map(({ id, severity, rationale }) => [id, severity, rationale]));
});
