/** Whatever a check read is changed: its outcome is not re-used. Whatever it did not read: it is. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { Thresholds } from "../../../proto/config.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Facts } from "../../../proto/facts.ts";
import { limits } from "../../store/crash-writer.ts";
import { openStore, type Store } from "../../store/db.ts";
import { openKeptOutcomes, type KeptOutcomeTable } from "../../store/reuse.ts";
import { factsOf } from "../../testing/facts.ts";
import { runCheck } from "../checks/check.ts";
import { CHECKS } from "../checks/index.ts";
import { tracked } from "../checks/reading/tracked.ts";
import { factsDocument } from "../facts/parts.ts";
import { Reuse, type ReuseScope } from "./reuse.ts";

let dir: string;
let store: Store;
let table: KeptOutcomeTable;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-reuse-"));
  store = openStore({ state_dir: dir, limits, fatal: () => undefined });
  table = openKeptOutcomes(store, 40);
});
afterAll(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const THRESHOLDS = { size_lines_max: 800, large_binary_bytes_max: 1_048_576 } as Thresholds;
const SCOPE: ReuseScope = { payer: "7", repo_id: "r", mode: "local" };
const signal = new AbortController().signal;
let now_s = 1_000_000;
let serial = 0;
const reuse = (facts: Facts, scope: ReuseScope = SCOPE, numbers = { thresholds: THRESHOLDS }, code = "c") => new Reuse({ table, code, now_s: () => now_s }, scope, factsDocument(facts).parts, numbers);

const CHANGES = [
  [{ path: "src/a.ts", old: "let a;\n", new: "let a;\ndebugger;\n" }],
  [{ path: "package.json", old: '{"dependencies":{}}\n', new: '{"dependencies":{"x":"1.0.0"}}\n' }],
  [{ path: ".github/workflows/t.yml", old: null, new: "on: push\njobs: {}\n" }, { path: "Link", old: null, new: "../out", mode: "120000" as const }],
  [{ path: "a.test.ts", old: "test('x', () => {});\n", new: null }],
];

/** Another value of the same kind, somewhere inside. */
function otherwise(value: unknown): unknown {
  if (typeof value === "string") return `${value}x`;
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  if (Array.isArray(value)) return value.length > 0 ? [...value.slice(0, -1), otherwise(value.at(-1))] : ["more"];
  if (value === null) return "something";
  if (typeof value !== "object") return null;
  const [first, ...rest] = Object.entries(value);
  return first === undefined ? { more: 1 } : Object.fromEntries([[first[0], otherwise(first[1])], ...rest]);
}

test("no part that was read may differ, in any check; every part that was not read may", async () => {
  const seed = Date.now() & 0x7fffffff;
  const parts = Object.keys(factsOf(CHANGES[0]!)) as (keyof Facts)[];
  let held = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...CHECKS), fc.constantFrom(...CHANGES), fc.constantFrom(...parts), async (check, change, part) => {
      const facts = { ...factsOf(change), title: `t${serial++}` };
      const seen = tracked(facts);
      const outcome = await runCheck(check, seen.facts, { thresholds: THRESHOLDS, signal });
      // The facts a check was handed through the getters are the facts: it answers as it would have.
      expect(await runCheck(check, facts, { thresholds: THRESHOLDS, signal })).toEqual(outcome);
      reuse(facts).keep([{ outcome, duration_us: 1, reads: seen.reads() }], { gate_id: "gate:x", attempt: 1 });
      if (outcome.findings.length > 1) return;
      expect(reuse(facts).get(check.id)?.outcome).toEqual({ ...outcome, reused: { gate_id: "gate:x", attempt: 1 } });
      const other = reuse({ ...facts, [part]: otherwise(facts[part]) }).get(check.id);
      // Of commits there are two parts: another length or other words are the second.
      const read = seen.reads().includes(part) || part === "files" || (part === "commits" && seen.reads().includes("commit_words"));
      expect([check.id, part, other === null]).toEqual([check.id, part, read]);
      held++;
    }),
    { seed, numRuns: 150 },
  );
  expect(held).toBeGreaterThan(50);
}, 30_000);

test("scope, numbers and code are inputs too; an outcome that is unavailable or was itself re-used is not kept", async () => {
  const facts = factsOf(CHANGES[0]!);
  const seen = tracked(facts);
  const outcome = await runCheck(CHECKS.find(({ id }) => id === "size")!, seen.facts, { thresholds: THRESHOLDS, signal });
  const run = { outcome, duration_us: 1, reads: seen.reads() };
  const asked = { gate_id: "gate:x", attempt: 1 };
  reuse(facts).keep([run], asked);
  expect(reuse(facts).get("size")).not.toBeNull();
  for (const over of [{ payer: "8" }, { repo_id: "s" }, { mode: "fork" as const }]) expect(reuse(facts, { ...SCOPE, ...over }).get("size")).toBeNull();
  expect(reuse(facts, SCOPE, { thresholds: { ...THRESHOLDS, size_lines_max: 799 } }).get("size")).toBeNull();
  expect(reuse(facts, SCOPE, undefined, "d").get("size")).toBeNull();
  const fresh = { ...facts, title: "u", files: [] };
  reuse(fresh).keep([{ ...run, outcome: { ...outcome, result: "unavailable", because: "b" } }], asked);
  reuse(fresh).keep([{ ...run, outcome: { ...outcome, reused: asked } }], asked);
  reuse(fresh).keep([{ outcome, duration_us: 1 }], asked);
  expect(reuse(fresh).get("size")).toBeNull();
});

test("a damaged cache is asked for nothing and keeps nobody's verdict from being recorded", async () => {
  const facts = factsOf(CHANGES[0]!);
  const outcome = await runCheck(CHECKS.find(({ id }) => id === "size")!, facts, { thresholds: THRESHOLDS, signal });
  const corrupt = (): never => {
    throw new MaestroError("store.corrupt", "flipped");
  };
  const broken = new Reuse({ table: { get: corrupt, put: corrupt, count: () => 0 }, code: "c", now_s: () => now_s }, SCOPE, factsDocument(facts).parts, { thresholds: THRESHOLDS });
  expect(broken.get("size")).toBeNull();
  expect(() => store.atomic(() => broken.keep([{ outcome, duration_us: 1, reads: ["files"] }], { gate_id: "gate:x", attempt: 1 }))).not.toThrow();
});

test("the oldest go where there are too many, and a large one is asked for again", async () => {
  for (let i = 0; i < 60; i++) {
    now_s++;
    const facts = { ...factsOf(CHANGES[3]!), title: `many${i}` };
    const files = facts.files.map((file) => ({ ...file, path: { u: `f${i}` } }));
    reuse({ ...facts, files }).keep([{ outcome: { check: "size", result: "pass", because: null, observer: "daemon", findings: [], findings_cut: 0, gaps: i === 59 ? [{ what: "w".repeat(1900), because: "b" }] : [] }, duration_us: 1, reads: ["files"] }], { gate_id: "gate:x", attempt: 1 });
  }
  const at = (i: number) => reuse({ ...factsOf(CHANGES[3]!), files: factsOf(CHANGES[3]!).files.map((file) => ({ ...file, path: { u: `f${i}` } })) }).get("size");
  expect([table.count(), at(0), at(58) === null, at(59)]).toEqual([40, null, false, null]);
});
