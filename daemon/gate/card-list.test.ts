/** Rows of decided gates: what they say, whose they are, how long they stay, and that they are the same however they came to be. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import fc from "fast-check";
import type { Card } from "../../proto/card.ts";
import { type CardRow, CardsReply, ROW_REASONS_MAX, ROW_TEXT_CHARS_MAX } from "../../proto/cards.ts";
import { StoreLimits } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { gated, source } from "../integrity/testing/killed.ts";
import { headOf, record, release } from "../report/testing/history.ts";
import { openStore } from "../store/db.ts";
import type { GateRow } from "../store/gates.ts";
import { placeKey } from "../store/releases.ts";
import { maySee, type Principal } from "../tenants/index.ts";
import { World } from "../testing/core.ts";
import { timestampOf } from "../verifier/time.ts";
import { SAMPLE_DECISION, SAMPLE_IDENTITY, sampleCard } from "../testing/evidence.ts";
import { ownUser, tenant } from "../testing/tenants.ts";
import { cardPage } from "./card-list.ts";

setDefaultTimeout(120_000);
const never = new AbortController().signal;
const all = () => true;

async function rowsOf(world: World, sees: (row: GateRow) => boolean = all): Promise<CardRow[]> {
  const rows: CardRow[] = [];
  for (let before: number | null = null; ; ) {
    const page = await cardPage(world.core, before, sees, never);
    expect(Value.Check(CardsReply, page)).toBe(true);
    rows.push(...page.rows);
    if (page.next === null) return rows;
    before = page.next;
  }
}

const asked = (world: World, principal: Principal): Promise<CardRow[]> => rowsOf(world, (row) => maySee(principal, row));
const wipe = (world: World): void => world.core.store.atomic(() => [...world.core.gates.all()].forEach((row) => world.core.gates.cards.remove(row)));

describe("what a row says", () => {
  test("the newest attempt of each gate, newest first, with what it was decided on and what came of it", async () => {
    await using world = await World.open();
    const start_s = world.clock.now_ms() / 1000;
    await record(world, { change: 1, actor: "agent", verdict: "hold", rules: { "ci.changed": "hold", "dep.new-runtime": "observe" }, wall_us: 70 });
    world.clock.advance(60_000);
    await record(world, { change: 2, verdict: "refuse", rules: { "secret.token": "refuse" }, wall_us: 50 });
    world.clock.advance(60_000);
    await record(world, { change: 1, attempt: 2, actor: "agent", verdict: "admit", releases: [release("approve", "alice", start_s + 100, 9), release("approve", "bob", start_s + 101, 10, false)], wall_us: 80 });
    const rows = await rowsOf(world);
    expect(rows.map(({ head, attempt, verdict, place }) => [head, attempt, verdict, place])).toEqual([[headOf(1), 2, "admit", 2], [headOf(2), 1, "refuse", 1]]);
    expect(rows[0]).toMatchObject({ v: 1, actor: { class: "agent" }, total_us: 80, held_at: timestampOf(start_s), released: [{ kind: "approve", person: "alice" }], cost: { reported_micro_usd: null, whole_micro_usd: null } });
    expect(rows[1]).toMatchObject({ reasons: [{ rule: "secret.token", effect: "refuse", because: "so", path: null }], counts: { refuse: 1, hold: 0, observed: 0, note: 0 } });
  });

  test("what agents report later is in the row, what nobody reported is not zero", async () => {
    await using world = await World.open();
    await record(world, { change: 1, verdict: "refuse" });
    const [{ repository, target_ref, head, cost }] = (await rowsOf(world)) as [CardRow];
    expect(cost).toEqual({ reported_micro_usd: null, whole_micro_usd: null });
    const change = placeKey({ repo_id: repository, target_ref, head });
    world.core.run_usage.link(change, "uid:7", ["run-00000001"]);
    expect((await rowsOf(world))[0]?.cost.reported_micro_usd).toBeNull();
    world.core.run_usage.report("uid:7", { run_id: "run-00000001", calls_made: 2, calls_reported: 1, tokens: 5, micro_usd: 120_000 });
    expect((await rowsOf(world))[0]?.cost).toEqual({ reported_micro_usd: "120000", whole_micro_usd: "120000" });
  });

  test("pages end where the reader goes on, and what is decided meanwhile is on none of them", async () => {
    await using world = await World.open();
    for (let change = 1; change <= 5; change++) await record(world, { change, verdict: "admit" });
    const first = await cardPage(world.core, 4, all, never);
    expect([first.rows.map(({ place }) => place), first.next, first.newest]).toEqual([[3, 2, 1, 0], null, 5]);
    await record(world, { change: 1, attempt: 2, verdict: "hold" });
    // Its older attempt is no longer the newest.
    const later = await cardPage(world.core, 4, all, never);
    expect([later.rows.map(({ place }) => place), later.newest]).toEqual([[3, 2, 1], 6]);
    expect((await cardPage(world.core, 0, all, never)).rows).toEqual([]);
  });
});

describe("whose rows, and how long", () => {
  test("attack: a tenant asks for all, and sees its own; a job's token sees one change", async () => {
    await using world = await World.open();
    await record(world, { change: 20, verdict: "hold", repo_id: "local:1001:app", owner: { uid: 1001, tenant: "web" } });
    await record(world, { change: 21, verdict: "admit", repo_id: "local:1002:app", owner: { uid: 1002, tenant: "api" } });
    await record(world, { change: 22, verdict: "admit" });
    const web = tenant("web", 1001, { space: "1001" });
    expect((await asked(world, web)).map(({ head }) => head)).toEqual([headOf(20)]);
    const nothing = await cardPage(world.core, null, () => false, never);
    expect(nothing).toMatchObject({ rows: [], next: null, reached: timestampOf(world.clock.now_ms() / 1000) });
    expect(await asked(world, { ...web, bound: { repository: "app", head: headOf(99), target_ref: "refs/heads/main" } })).toEqual([]);
    expect((await asked(world, ownUser(7))).length).toBe(3);
  });

  test("a gate whose answer has expired, or that was forgotten, is in no list, and nothing of its row is left", async () => {
    await using world = await World.open({ retention: { evidence_days: 40 } });
    const work = await source(world);
    const [old, other] = [await gated(world, work, 1), await gated(world, work, 2)];
    expect((await rowsOf(world)).map(({ gate_id }) => gate_id)).toEqual([other.gate_id, old.gate_id]);
    await world.core.integrity.keeping.forget(old.gate_id);
    expect((await rowsOf(world)).map(({ gate_id }) => gate_id)).toEqual([other.gate_id]);
    world.clock.advance(400 * 86_400_000);
    await world.core.integrity.keeping.sweep();
    expect([await rowsOf(world), world.core.store.scanner.count("cards")]).toEqual([[], 0]);
  });

  test("attack: a reply alone expires under a daemon that knew no rows, and the title it named is asked for", async () => {
    await using world = await World.open({ retention: { personal_days: 10 } });
    const work = await source(world);
    const { gate_id } = await gated(world, work, 1);
    const row = world.core.gates.get(gate_id, 1)!;
    const kept = world.core.gates.cards.get(row)!;
    world.clock.advance(15 * 86_400_000);
    await world.core.integrity.keeping.sweep();
    expect([world.core.gates.cards.get(row), await rowsOf(world)]).toEqual([undefined, []]);
    const card = { ...sampleCard(SAMPLE_IDENTITY, SAMPLE_DECISION, 1, "local"), title: kept.row.title };
    world.core.store.atomic(() => world.core.gates.cards.put(row, { card, timings: { total_us: 1, facts_us: 0, checks_us: 0, policy_us: 0, evidence_us: 0, by_check: [] } }, null));
    expect([await rowsOf(world), world.core.gates.cards.get(row)]).toEqual([[], undefined]);
  });
});

describe("rows that are made again", () => {
  test("of before there were rows, of another release, cut short, and with a piece gone: each is as it was written at first", async () => {
    await using world = await World.open();
    for (let change = 1; change <= 4; change++) await record(world, { change, verdict: "hold", rules: { "ci.changed": "hold" } });
    const written = await rowsOf(world);
    expect(written).toHaveLength(4);
    wipe(world);
    expect([world.core.store.scanner.count("cards"), await rowsOf(world)]).toEqual([0, written]);
    expect(world.core.store.scanner.count("cards")).toBeGreaterThan(0);
    const [first, second, third] = [...world.core.gates.all()].map(({ gate_id }) => gate_id) as [string, string, string];
    await world.stop();
    const store = openStore({ state_dir: world.state_dir, limits: Value.Create(StoreLimits), fatal: () => undefined });
    const pieces = store.table<readonly [string, number, number], ReturnType<typeof Type.Unknown>>("cards", Type.Unknown());
    store.atomic(() => {
      pieces.put([first, 1, 0], { text: '{"v":2}', of: 1 });
      pieces.put([second, 1, 0], { text: '{"v":1,', of: 1 });
      pieces.remove([third, 1, 0]);
    });
    await store.close();
    await world.start();
    expect(await rowsOf(world)).toEqual(written);
  });

  test("attack: a full disk: what is on record is listed, and nothing is kept", async () => {
    await using world = await World.open();
    for (let change = 1; change <= 2; change++) await record(world, { change, verdict: "admit" });
    const written = await rowsOf(world);
    wipe(world);
    const full = { ...world.core, store: { ...world.core.store, atomic: () => { throw new MaestroError("store.no_space", "full"); } } };
    expect([(await cardPage(full, null, all, never)).rows, world.core.store.scanner.count("cards")]).toEqual([written, 0]);
  });

  test("one page makes no more than its share, and the reader goes on where it ended", async () => {
    await using world = await World.open();
    for (let change = 1; change <= 5; change++) await record(world, { change, verdict: "admit" });
    wipe(world);
    const first = await cardPage(world.core, null, all, never, 2);
    expect([first.rows.map(({ place }) => place), first.next]).toEqual([[4, 3], 3]);
    expect((await cardPage(world.core, first.next, all, never, 2)).rows.map(({ place }) => place)).toEqual([2, 1]);
    // What is there costs nothing of the share.
    expect((await cardPage(world.core, null, all, never, 2)).rows).toHaveLength(5);
  });
});

describe("hostile text", () => {
  test("any text is kept whole or cut between characters, in pieces that the database takes", async () => {
    await using world = await World.open();
    const { store, gates: { cards } } = world.core;
    const text = fc.string({ unit: fc.constantFrom("a", "\u0000", "\u202e", "é", "漢", "😀", "</script>", "\n", '"'), maxLength: 900 });
    fc.assert(
      fc.property(text, fc.array(text, { maxLength: 40 }), (title, becauses) => {
        const card: Card = { ...sampleCard(SAMPLE_IDENTITY, SAMPLE_DECISION, 1, "local"), title: title.toWellFormed(), reasons: becauses.map((because) => ({ rule: "secret.token", check: null, effect: "refuse", observed: false, because, ranges: [{ path: { u: because }, start_line: 1, end_line: 1 }], excerpt: null, fingerprints: [] })) };
        const of = { gate_id: "gate:a", attempt: { attempt: 1, issued_at: "2026-11-22T10:00:00Z" }, repo_id: "r", head: "0".repeat(40), owner_uid: 1 };
        const { row } = store.atomic(() => cards.put(of, { card, timings: { total_us: 1, facts_us: 0, checks_us: 0, policy_us: 0, evidence_us: 0, by_check: [] } }, null));
        expect(cards.get(of)?.row).toEqual(row);
        expect([row.title.isWellFormed(), row.title.length <= ROW_TEXT_CHARS_MAX, row.reasons.length, row.counts.refuse]).toEqual([true, true, Math.min(ROW_REASONS_MAX, becauses.length), becauses.length]);
        expect(title.length <= ROW_TEXT_CHARS_MAX ? row.title === title : title.startsWith(row.title.slice(0, -1)) && row.title.endsWith("…")).toBe(true);
        expect(Value.Check(Type.Array(Type.String({ maxLength: ROW_TEXT_CHARS_MAX })), row.reasons.flatMap(({ because, path }) => [because, path ?? ""]))).toBe(true);
        store.atomic(() => cards.remove(of));
        expect(store.scanner.count("cards")).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});
