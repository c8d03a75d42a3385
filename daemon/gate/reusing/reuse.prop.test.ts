/** Whatever a check read is changed: its outcome is not re-used. Whatever it did not read: it is. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { Thresholds } from "../../../proto/config.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Facts } from "../../../proto/facts.ts";
import type { Outcome } from "../../../proto/outcome.ts";
import { limits } from "../../store/crash-writer.ts";
import { openArtifacts } from "../../store/artifacts.ts";
import type { Blobs } from "../../store/blobs.ts";
import { openStore, type Store } from "../../store/db.ts";
import { openUsage, type Usage } from "../../store/usage.ts";
import { openKeptOutcomes, type KeptOutcomeTable } from "../../store/reuse.ts";
import { factsOf } from "../../testing/facts.ts";
import { runCheck } from "../checks/check.ts";
import { CHECKS } from "../checks/index.ts";
import { ALWAYS_READ } from "../checks/check.ts";
import { tracked } from "../checks/reading/tracked.ts";
import { factsDocument } from "../facts/parts.ts";
import type { ReuseScope } from "../../store/kept-bodies.ts";
import { Reuse, type ReuseNumbers } from "./reuse.ts";
import { SEED } from "../../testing/seed.ts";

let dir: string;
let store: Store;
let table: KeptOutcomeTable;
let blobs: Blobs;
let usages: Usage;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "maestro-reuse-"));
  store = openStore({ state_dir: dir, limits, fatal: () => undefined });
  usages = openUsage(store);
  table = openKeptOutcomes({ store, usage: usages, limits: { reuse_repository_bytes_max: 40_000, reuse_tenant_bytes_max: 60_000, reuse_age_s: 86_400 }, entries_max: 40 });
  blobs = (await openArtifacts({ state_dir: dir, limits })).blobs;
});
afterAll(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const THRESHOLDS = { size_lines_max: 800, large_binary_bytes_max: 1_048_576 } as Thresholds;
const SCOPE: ReuseScope = { payer: "7", repo_id: "r", mode: "local" };
const signal = new AbortController().signal;
const ASKED = { gate_id: "gate:x", attempt: 1 };
const keep = async (of: Reuse, runs: Parameters<Reuse["keeping"]>[0]): Promise<void> => (await of.keeping(runs))(ASKED);
let now_s = 1_000_000;
let serial = 0;
type Over = Partial<Pick<ReuseNumbers, "thresholds" | "change_sha256">>;
const digestOf = (facts: Facts): string => factsDocument(facts).parts["files"] ?? "";
const reuse = (facts: Facts, scope: ReuseScope = SCOPE, over: Over = {}, code = "c") =>
  new Reuse({ table, blobs, code, now_s: () => now_s, age_s: 86_400 }, scope, factsDocument(facts).parts, { thresholds: THRESHOLDS, change_sha256: digestOf(facts), ...over });

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
  const parts = Object.keys(factsOf(CHANGES[0]!)) as (keyof Facts)[];
  let held = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...CHECKS), fc.constantFrom(...CHANGES), fc.constantFrom(...parts), async (check, change, part) => {
      const facts = { ...factsOf(change), title: `t${serial++}` };
      // The table is full at some point, and then the oldest goes; of one second's answers that may be the newest.
      now_s++;
      const seen = tracked(facts);
      const outcome = await runCheck(check, seen.facts, { thresholds: THRESHOLDS, signal });
      // The facts a check was handed through the getters are the facts: it answers as it would have.
      expect(await runCheck(check, facts, { thresholds: THRESHOLDS, signal })).toEqual(outcome);
      await keep(reuse(facts), [{ outcome, duration_us: 1, reads: seen.reads() }]);
      expect((await reuse(facts).get(check.id))?.outcome).toEqual({ ...outcome, reused: { gate_id: "gate:x", attempt: 1 } });
      const other = await reuse({ ...facts, [part]: otherwise(facts[part]) }).get(check.id);
      // Of commits there are two parts: another length or other words are the second.
      const declared: readonly string[] = [...ALWAYS_READ, ...check.reads];
      const reads = [...declared, ...seen.reads()];
      const read = reads.includes(part) || (part === "commits" && reads.includes("commit_words"));
      // What is declared is all that can be read, but for what a finding names.
      expect([check.id, seen.reads().filter((one) => one !== "commits" && !declared.includes(one))]).toEqual([check.id, []]);
      expect([check.id, part, other === null]).toEqual([check.id, part, read]);
      held++;
    }),
    { seed: SEED, numRuns: 150 },
  );
  expect(held).toBeGreaterThan(50);
}, 120_000);

test("scope, numbers and code are inputs too; an outcome that is unavailable or was itself re-used is not kept", async () => {
  const facts = factsOf(CHANGES[0]!);
  const seen = tracked(facts);
  const outcome = await runCheck(CHECKS.find(({ id }) => id === "size")!, seen.facts, { thresholds: THRESHOLDS, signal });
  const run = { outcome, duration_us: 1, reads: seen.reads() };
  await keep(reuse(facts), [run]);
  expect(await reuse(facts).get("size")).not.toBeNull();
  for (const over of [{ payer: "8" }, { repo_id: "s" }, { mode: "fork" as const }]) expect(await reuse(facts, { ...SCOPE, ...over }).get("size")).toBeNull();
  expect(await reuse(facts, SCOPE, { thresholds: { ...THRESHOLDS, size_lines_max: 799 } }).get("size")).toBeNull();
  expect(await reuse(facts, SCOPE, undefined, "d").get("size")).toBeNull();
  const fresh = { ...facts, title: "u", files: [] };
  await keep(reuse(fresh), [{ ...run, outcome: { ...outcome, result: "unavailable", because: "b" } }]);
  await keep(reuse(fresh), [{ ...run, outcome: { ...outcome, reused: ASKED } }]);
  await keep(reuse(fresh), [{ outcome, duration_us: 1 }]);
  expect(await reuse(fresh).get("size")).toBeNull();
});

test("attack: a process that was taken over says that it read nothing, or another change's parts: its answer is one to its own question", async () => {
  const [asked, other] = [{ ...factsOf(CHANGES[0]!), title: "asked" }, { ...factsOf(CHANGES[3]!), title: "other" }];
  const own = { ...SCOPE, repo_id: "attacked" };
  const lie = (check: string, reads: string[]) => [{ outcome: { check, result: "pass" as const, because: null, observer: "daemon" as const, findings: [], findings_cut: 0, gaps: [] }, duration_us: 1, reads }];
  await keep(reuse(other, own, { change_sha256: digestOf(asked) }), lie("text", ["files"]));
  expect(await reuse(other, own).get("text")).toBeNull();
  await keep(reuse(asked, own), lie("paths", []));
  expect(await reuse(asked, own).get("paths")).not.toBeNull();
  expect(await reuse({ ...asked, tree: [] }, own).get("paths")).toBeNull();
  // No outcome of a check that there is not, and none where it is not known what was asked.
  await keep(reuse(asked, own), lie("nobody", ["files"]));
  expect(await reuse(asked, own).get("nobody")).toBeNull();
  await keep(reuse(asked, own, { change_sha256: null }), lie("size", ["files"]));
  expect([await reuse(asked, own).get("size"), await reuse(asked, own, { change_sha256: null }).get("size")]).toEqual([null, null]);
});

test("a damaged cache is asked for nothing and keeps nobody's verdict from being recorded", async () => {
  const facts = factsOf(CHANGES[0]!);
  const outcome = await runCheck(CHECKS.find(({ id }) => id === "size")!, facts, { thresholds: THRESHOLDS, signal });
  const corrupt = (): never => {
    throw new MaestroError("store.corrupt", "flipped");
  };
  const broken = new Reuse({ table: { get: corrupt, put: corrupt }, blobs, code: "c", now_s: () => now_s, age_s: 86_400 }, SCOPE, factsDocument(facts).parts, { thresholds: THRESHOLDS, change_sha256: digestOf(facts) });
  expect(await broken.get("size")).toBeNull();
  const write = await broken.keeping([{ outcome, duration_us: 1, reads: ["files"] }]);
  expect(() => store.atomic(() => write(ASKED))).not.toThrow();
});

const WORDS = (count: number): Outcome => ({ check: "size", result: "pass", because: null, observer: "daemon", findings: [], findings_cut: 0, gaps: Array.from({ length: count }, () => ({ what: "w".repeat(1_900), because: "b" })) });
const of = (i: number, scope = SCOPE): Reuse => reuse({ ...factsOf(CHANGES[3]!), files: factsOf(CHANGES[3]!).files.map((file) => ({ ...file, path: { u: `f${i}` } })) }, scope);
const put = (i: number, outcome: Outcome, scope = SCOPE): Promise<void> => {
  now_s++;
  return keep(of(i, scope), [{ outcome, duration_us: 7, reads: ["files"] }]);
};

test("the oldest go where there are too many, and after their time", async () => {
  for (let i = 0; i < 60; i++) await put(i, WORDS(0));
  expect([table.count(), await of(0).get("size"), (await of(59).get("size"))?.saved_us]).toEqual([40, null, 7]);
  now_s += 86_401;
  expect(await of(59).get("size")).toBeNull();
});

test("a large one lies in a blob; one that is gone or damaged is asked for again", async () => {
  for (const [i, harm] of [[100, (path: string) => rmSync(path)], [101, (path: string) => writeFileSync(path, "{}")]] as const) {
    await put(i, WORDS(3));
    expect((await of(i).get("size"))?.outcome.gaps).toHaveLength(3);
    for (const digest of table.referred(0)) harm(join(dir, "oci/blobs/sha256", digest.replace("sha256:", "")));
    expect(await of(i).get("size")).toBeNull();
  }
});

test("what is past its age is on nobody's bill after the next that is kept, and nobody's to garbage collection before", async () => {
  const mine = { ...SCOPE, payer: "aged" };
  await put(500, WORDS(4), mine);
  await put(501, WORDS(4), mine);
  const count = table.count();
  now_s += 86_402;
  expect([...table.referred(now_s - 86_400)]).toEqual([]);
  await put(502, WORDS(0), mine);
  expect([usages.kept.get("aged")?.bytes, table.count() <= count - 1]).toEqual([0, true]);
});

test("attack: one repository keeps much, then one tenant in many; each pushes out its own oldest alone, and what is kept is on the bill", async () => {
  const usage = (payer: string): number | undefined => usages.kept.get(payer)?.bytes;
  const [mine, other] = [{ ...SCOPE, payer: "large" }, { ...SCOPE, payer: "other" }];
  await put(200, WORDS(8), other);
  for (let i = 0; i < 6; i++) await put(i, WORDS(6 + (i % 2)), mine);
  expect([(await of(0, mine).get("size")) === null, (await of(5, mine).get("size")) === null]).toEqual([true, false]);
  expect(usage("large")).toBeLessThanOrEqual(40_000);
  for (let i = 0; i < 6; i++) await put(300 + i, WORDS(6), { ...mine, repo_id: `many${i}` });
  expect([(await of(5, mine).get("size")) === null, (await of(305, { ...mine, repo_id: "many5" }).get("size")) === null]).toEqual([true, false]);
  expect(usage("large")).toBeLessThanOrEqual(60_000);
  expect([(await of(200, other).get("size"))?.outcome.gaps.length, (usage("other") ?? 0) > 15_000]).toEqual([8, true]);
  await put(400, WORDS(25), mine);
  expect(await of(400, mine).get("size")).toBeNull();
});
