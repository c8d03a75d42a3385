/** Rules about changes that were decided: asked of what is on record, as it happens, and never in the way of a verdict. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import fc from "fast-check";
import { CardRow } from "../../proto/cards.ts";
import { CHANGE_DECIDED, changeDecided } from "../../proto/change-decided.ts";
import { MaestroError } from "../../proto/errors.ts";
import { compileAll } from "../invariants/index.ts";
import { recordGate } from "../gate/record.ts";
import { gated, source } from "../integrity/testing/killed.ts";
import { limits, repairedHere } from "../integrity/testing/repaired-here.ts";
import { readField } from "../invariants/evaluate/values.ts";
import { openStore } from "../store/db.ts";
import { GateRow } from "../store/gates.ts";
import { World } from "../testing/core.ts";
import { recordInput } from "../testing/evidence.ts";
import { tellDecided } from "./decided.ts";
import { OWN_SPACE } from "./events/table.ts";
import { Guards } from "./guards.ts";
import { shippedDocuments } from "./shipped.ts";

setDefaultTimeout(60_000);
const { events } = shippedDocuments();
const declared = events.of(CHANGE_DECIDED)!;
const TIMINGS = { total_us: 1, facts_us: 1, checks_us: 1, policy_us: 1, evidence_us: 1, by_check: [] };
/** Missing where they are not known. */
const MAY_MISS = ["cost", "waited"];

const ROW: CardRow = {
  v: 1, place: 3, gate_id: "gate:a", attempt: 2, at: "2026-11-22T10:00:05Z", verdict: "refuse", mode: "host", repository: "acme/app", target_ref: "refs/heads/main", head: "a".repeat(40), title: "t", actor: { class: "agent", name: "n", agent: null },
  files: 2, added_lines: 3, removed_lines: 4, policy: "p",
  reasons: [
    { rule: "secret.token", check: "secrets", effect: "refuse", observed: false, because: "b", path: null }, { rule: "secret.token", check: "secrets", effect: "refuse", observed: false, because: "c", path: null },
    { rule: "size.large", check: "size", effect: "hold", observed: true, because: "b", path: null }, { rule: "text.note", check: null, effect: "note", observed: false, because: "b", path: null },
  ],
  counts: { refuse: 2, hold: 0, observed: 1, note: 1 }, checks: { asked: 9, required: 8, failed: 1, unavailable: [{ check: "a", required: true }, { check: "b", required: false }] },
  cost: { reported_micro_usd: "1", whole_micro_usd: "9007199254740993" }, total_us: 1_500_400, held_at: "2026-11-22T10:00:00Z", released: [{ kind: "override", person: "x", at: "2026-11-22T10:00:00Z" }],
};

test("a row is the event that it says it is", () => {
  expect(Value.Check(CardRow, ROW)).toBe(true);
  expect(changeDecided(ROW)).toEqual({
    gate_id: "gate:a", attempt: 2, decision: "refuse", mode: "host", repository: "acme/app", target: "refs/heads/main", head: "a".repeat(40), title: "t", actor: "agent", author: "n", agent: "", policy: "p", files: 2, added_lines: 3, removed_lines: 4,
    refusing: 2, holding: 0, observed: 1, notes: 1, rules: ["secret.token"], observed_rules: ["size.large"], checks: 9, required: 8, failed: 1, unavailable: 2, required_unavailable: 1, cost: 9007199254740993n, took: 1500, waited: 5000, released: true, overridden: true,
  });
  expect(Object.keys(changeDecided({ ...ROW, cost: { reported_micro_usd: null, whole_micro_usd: null }, held_at: null }))).toEqual(Object.keys(changeDecided(ROW)).filter((name) => !MAY_MISS.includes(name)));
});

test("every row makes an event with each declared field, of its declared type, and no other", () => {
  const decimal = fc.oneof(fc.constant(null), fc.bigInt({ min: 0n, max: 10n ** 18n }).map(String));
  fc.assert(fc.property(decimal, fc.nat(), fc.boolean(), fc.constantFrom("admit", "refuse", "hold"), fc.string(), (whole_micro_usd, total_us, held, verdict, title) => {
    const event = changeDecided({ ...ROW, verdict: verdict as CardRow["verdict"], title, total_us, held_at: held ? ROW.at : null, cost: { reported_micro_usd: null, whole_micro_usd } });
    for (const [name, field] of declared) if (Object.hasOwn(event, name) || !MAY_MISS.includes(name)) readField(event, name, field.type);
    expect(Object.keys(event).filter((name) => !declared.has(name))).toEqual([]);
  }), { numRuns: 100 });
});

test("the rule that docs/cards.md shows is whole", () => {
  const page = readFileSync(join(import.meta.dir, "../../docs/cards.md"), "utf8");
  const shown = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text = ""], i) => ({ name: `${i}.yaml`, text }));
  expect([shown.length, compileAll(shown, { events }).errors]).toEqual([1, []]);
});

const RULES = `id: T.TOO_DEAR
scope: gate
severity: high
when: [{event: change_decided}]
assert:
  - expr: 'decision != "admit" || has(cost) && files < 1'
    message: '{{decision}} of {{files}} files, {{title}}'
examples:
  holds: {with: {decision: refuse}}
  breaks: {with: {decision: admit, files: 3, title: "a secret title"}}
`;
const IN_TIME = `id: T.NEVER_TWICE
scope: gate
when: [{event: change_decided}]
temporal:
  - formula: 'count(change_decided) in 1h <= 1'
    message: 'two in an hour'
`;

test("a rule of the operator's that a change breaks is said with its name and counted, one about time is watched, and the verdict stands", async () => {
  const folder = mkdtempSync(join(tmpdir(), "maestro-decided-"));
  mkdirSync(join(folder, "rules"));
  writeFileSync(join(folder, "rules/dear.yaml"), RULES);
  writeFileSync(join(folder, "rules/time.yaml"), IN_TIME);
  await using world = await World.open({ invariants_folder: join(folder, "rules") });
  const source = world.scratch.source();
  const base = await source.commit({ "a.txt": "1\n" });
  const heads = [await source.commit({ "b.txt": "2\n" }), await source.commit({ "c.txt": "3\n" })];
  for (const head of heads) expect((await world.gate(await world.received(source, [base, head]), { target_ref: "refs/heads/main", target: base, head })).verdict).toBe("admit");
  await Promise.resolve();
  world.clock.advance(3_000);
  world.core.watching.events.tick();
  const said = world.warnings.map((one) => JSON.stringify(one));
  expect(said.filter((one) => one.includes('"T.TOO_DEAR"')).length).toBe(2);
  expect(said.filter((one) => one.includes('"T.NEVER_TWICE"')).length).toBe(1);
  // The title is the change's own word.
  expect(said.some((one) => one.includes("initial") || one.includes("commit "))).toBe(false);
  // Counted apart from what was refused for a rule: nothing is wrong with this daemon.
  const { told, violations } = world.core.guarding.guards.counts;
  expect([[...told], [...violations]]).toEqual([[["T.TOO_DEAR", 2]], []]);
  rmSync(folder, { recursive: true, force: true });
});

test("a change that nobody heard of is found a minute later; no restart in order, no row that a repair puts back and no write that went back looks like one", async () => {
  await using world = await World.open();
  const found = (): string[] => {
    world.clock.advance(60_001);
    world.core.watching.events.tick();
    return world.core.watching.events.views(OWN_SPACE, true).flatMap(({ invariant, newest }) => (newest === null ? [] : [`${invariant}: ${newest.verdict}, ${newest.message}`]));
  };
  const work = await source(world);
  const { gate_id } = await gated(world, work, 1);
  expect(found()).toEqual([]);
  await world.stop();
  const store = openStore({ state_dir: world.state_dir, limits: limits.store, fatal: () => undefined });
  const rows = store.table<readonly [string, number], typeof GateRow>("gates", GateRow);
  store.atomic(() => rows.remove([gate_id, 1]));
  await store.close();
  expect((await repairedHere(world.state_dir)).rebuilt.join("\n")).toContain("1 rows from their artifacts");
  await world.start();
  expect(world.core.gates.get(gate_id, 1)).toBeDefined();
  expect(found()).toEqual([]);
  // What goes back with its transaction is on no record, so nobody waits to be told of it.
  const late = recordGate(world.core, { uid: 7, tenant: null }, recordInput(world.core.evidence.trust_domain, 1), () => TIMINGS, {}, () => { throw new Error("no room"); });
  expect(late).rejects.toThrow("no room");
  await late.catch(() => undefined);
  expect(found()).toEqual([]);
  // With its entry it is on record, and told of, though nobody gets an answer.
  const artifacts: { putArtifact: World["core"]["artifacts"]["putArtifact"] } = world.core.artifacts;
  const { putArtifact } = artifacts;
  artifacts.putArtifact = () => Promise.reject(new MaestroError("store.no_space", "full"));
  const rows_before = world.core.store.scanner.count("gates");
  await expect(gated(world, work, 2)).rejects.toThrow(expect.objectContaining({ code: "store.no_space" }));
  artifacts.putArtifact = putArtifact;
  expect([world.core.store.scanner.count("gates"), found()]).toEqual([rows_before + 1, []]);
  const unheard = await recordGate(world.core, { uid: 7, tenant: null }, recordInput(world.core.evidence.trust_domain, 1), () => TIMINGS);
  expect(found()).toEqual([`INV.CHANGE.TOLD: violated, attempt 1 of "${unheard.gate_id.replace(":", "\\u{3a}")}" is on record, and nobody was told`]);
});

test("attack: a rule that cannot be computed, and a row that cannot be read, are said and stop nothing; where no rule is about changes no row is read", () => {
  const warned: string[] = [];
  const warn = (what: string, error: unknown): void => void warned.push(`${what}: ${error instanceof Error ? error.message : JSON.stringify(error)}`);
  const { compiled, errors } = compileAll([{ name: "a.yaml", text: "id: T.DIVIDES\nscope: gate\nwhen: [{event: change_decided}]\nassert:\n  - expr: 'files / (files - files) == 1'\n" }], { events });
  expect(errors).toEqual([]);
  const guards = new Guards({ documents: compiled.map(({ document }) => document), events });
  tellDecided({ guards, rowOf: () => ROW, warn })("gate:a", 2);
  tellDecided({ guards, rowOf: () => { throw new Error("a damaged record"); }, warn })("gate:a", 2);
  expect([warned.length, warned[0]?.includes("T.DIVIDES"), warned[1]?.includes("a damaged record")]).toEqual([2, true, true]);
  tellDecided({ guards: new Guards({ documents: [], events }), rowOf: () => { throw new Error("read"); }, warn })("gate:a", 2);
  expect(warned.length).toBe(2);
});
