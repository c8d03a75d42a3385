/** A past whose figures were worked out by hand, and whose past a report may speak of. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { ReportReply, type Kpi } from "../../proto/report-kpi.ts";
import { maySee } from "../tenants/index.ts";
import { World } from "../testing/core.ts";
import { ownUser, tenant } from "../testing/tenants.ts";
import { Reporter } from "./index.ts";
import { headOf, record, release, waiver, type Past } from "./testing/history.ts";
import type { Principal } from "../tenants/index.ts";

setDefaultTimeout(120_000);

const HOUR_S = 3_600;
const DAY_S = 86_400;
let world: World;
let start_s: number;

const ask = (window_s: number, reader: Principal = ownUser(7), repository = "*") => world.core.reporter.report({ window_s, repository, sees: (row) => maySee(reader, row), operator: reader.tenant === null });
const kpi = ({ kpis }: ReportReply, id: string): Kpi => kpis.find((one) => one.id === id)!;
const parts = (one: Kpi): Record<string, string> => Object.fromEntries(one.parts.map(({ name, value }) => [name, value]));
const now_s = (): number => world.clock.now_ms() / 1000;

/** Seconds after the start of the last day. */
async function at(second: number, past: Past): Promise<void> {
  world.clock.advance((start_s + second - now_s()) * 1000);
  await record(world, past);
}

beforeAll(async () => {
  world = await World.open();
  await record(world, { change: 1, verdict: "admit", waivers: [waiver("old")] });
  world.clock.advance(40 * DAY_S * 1000);
  start_s = now_s();
  await at(100, { change: 2, actor: "agent", verdict: "admit" });
  await at(200, { change: 3, actor: "agent", verdict: "hold", rules: { "ci.changed": "hold" } });
  // From here on within the last hour: the report is asked for at second 4000.
  await at(560, { change: 3, attempt: 2, actor: "agent", verdict: "admit", releases: [release("approve", "alice", start_s + 500, 70), release("approve", "bob", start_s + 400, 69, false)], wall_us: 100, cpu_us: 10 });
  await at(600, { change: 4, verdict: "refuse", rules: { "secret.token": "refuse" }, wall_us: 200, cpu_us: 20 });
  await at(1610, { change: 4, attempt: 2, verdict: "admit", releases: [release("override", "bob", start_s + 1600, 71)], wall_us: 300, cpu_us: 30 });
  await at(2000, { change: 5, actor: "bot", verdict: "hold", rules: { "ci.changed": "hold", "size.unreviewable": "hold" }, waivers: [waiver("old"), waiver("new"), waiver("gone", "expired")], wall_us: 400, cpu_us: 40 });
  await at(2100, { change: 6, actor: "agent", verdict: "admit", rules: { "dep.new-runtime": "observe" }, wall_us: 501, cpu_us: null });
  world.clock.advance((start_s + 4000 - now_s()) * 1000);
});
afterAll(() => world[Symbol.asyncDispose]());

describe("a past worked out by hand", () => {
  test("changes by class and verdict, alone and per week", async () => {
    const report = await ask(HOUR_S);
    expect(Value.Check(ReportReply, report)).toBe(true);
    expect(report.gates).toEqual({ counted: 5, cut: false, without_summary: 0 });
    expect([kpi(report, "changes").value, parts(kpi(report, "changes"))]).toEqual(["4", { human: "1", agent: "2", bot: "1", unknown: "0" }]);
    expect(parts(kpi(report, "changes.by-verdict"))).toEqual({ admit: "3", refuse: "0", hold: "1" });
    // Change 6 of the two of agents was admitted with nobody's release: one an hour is 168 a week.
    expect(kpi(report, "changes.autonomous")).toMatchObject({ n: 2, value: "168000", scale: 3, unmeasured: null });
  });

  test("overrides, approvals, and how long people were waited for, from a hold before the window on", async () => {
    const report = await ask(HOUR_S);
    expect(kpi(report, "override.rate")).toMatchObject({ n: 4, value: "25000", scale: 3 });
    expect(kpi(report, "approvals")).toMatchObject({ n: 1, value: "1" });
    // Change 3 was held at 200 and approved at 500, change 4 refused at 600 and overridden at 1600.
    expect([kpi(report, "reviewer.time").n, parts(kpi(report, "reviewer.time"))]).toEqual([2, { p50: "300", p90: "1000" }]);
    expect([kpi(report, "release.time").n, parts(kpi(report, "release.time"))]).toEqual([2, { p50: "360", p90: "1010" }]);
  });

  test("cost: what was measured is divided by the changes it was measured of, and what nobody reported is not zero", async () => {
    const report = await ask(HOUR_S);
    expect(kpi(report, "cost.wall")).toMatchObject({ n: 4, value: "375", parts: [{ name: "total", value: "1501" }] });
    // Change 6 is from before processor time was kept.
    expect(kpi(report, "cost.cpu")).toMatchObject({ n: 3, value: "33", parts: [{ name: "total", value: "100" }] });
    expect(kpi(report, "cost.reported")).toMatchObject({ value: null, unmeasured: expect.stringContaining("no agent reported") });
  });

  test("rules by change, and waivers by the time since they were first met", async () => {
    const report = await ask(HOUR_S);
    expect(report.rules).toEqual([
      { rule: "ci.changed", refused: 0, held: 1, would: 0 },
      { rule: "secret.token", refused: 1, held: 0, would: 0 },
      { rule: "size.unreviewable", refused: 0, held: 1, would: 0 },
      { rule: "dep.new-runtime", refused: 0, held: 0, would: 1 },
    ]);
    expect([kpi(report, "waivers.by-age").n, kpi(report, "waivers.by-age").value, parts(kpi(report, "waivers.by-age"))]).toEqual([3, "2", { "under 7 days": "1", "7 to 29 days": "0", "30 to 89 days": "1", "90 days and more": "0", no_longer_counting: "1" }]);
  });

  test("a longer window holds the rest, and an empty one measures nothing", async () => {
    const all = await ask(60 * DAY_S);
    expect([all.gates.counted, kpi(all, "changes").value, all.rules[0]]).toEqual([8, "6", { rule: "ci.changed", refused: 0, held: 2, would: 0 }]);
    world.clock.advance(3 * HOUR_S * 1000);
    const none = await ask(HOUR_S);
    expect(none.gates.counted).toBe(0);
    expect(none.kpis.filter(({ value }) => value !== null).map(({ id, value }) => [id, value])).toEqual([["changes", "0"], ["changes.by-verdict", "0"], ["changes.autonomous", "0"], ["approvals", "0"], ["waivers.by-age", "0"]]);
    expect(none.kpis.filter(({ value }) => value === null).every(({ unmeasured }) => (unmeasured ?? "").length > 10)).toBe(true);
  });
});

describe("whose figures", () => {
  test("attack: a tenant asks for everything, and for another's repository by name", async () => {
    const owner = { uid: 1001, tenant: "web" };
    await record(world, { change: 20, verdict: "hold", rules: { "ci.changed": "hold" }, repo_id: "local:1001:app", owner });
    await record(world, { change: 21, verdict: "admit", repo_id: "local:1002:app", owner: { uid: 1002, tenant: "api" } });
    const web = tenant("web", 1001, { space: "1001" });
    const own = await ask(HOUR_S, web);
    expect([own.gates, own.rules.length]).toEqual([{ counted: 1, cut: false, without_summary: null }, 1]);
    expect((await ask(HOUR_S, web, "local:1002:app")).gates.counted).toBe(0);
    expect((await ask(HOUR_S, web, "local:1001:app")).gates.counted).toBe(1);
    // A job's token speaks for one change, in figures too.
    expect((await ask(HOUR_S, { ...web, bound: { repository: "app", head: headOf(99), target_ref: "refs/heads/main" } })).gates.counted).toBe(0);
    expect((await ask(HOUR_S)).gates.counted).toBe(2);
  });

  test("nobody is counted by name unless the host asks for it (report.per_person)", async () => {
    expect((await ask(60 * DAY_S)).people).toBeNull();
    const { gates, evidence, shipped } = world.core;
    const named = new Reporter({ summaries: gates.summaries, gates, shipped, now_s: () => evidence.now_s(), spending: () => [], per_person: true });
    const { people } = await named.report({ window_s: 60 * DAY_S, repository: "*", sees: () => true, operator: true });
    expect(people?.releases).toEqual([{ person: "alice", approvals: 1, overrides: 0 }, { person: "bob", approvals: 0, overrides: 1 }]);
    expect(people?.users.map(({ uid, changes }) => [uid, changes])).toEqual([[7, 6], [1001, 1], [1002, 1]]);
  });

  test("what does not fit is said, and the newest were counted", async () => {
    const { gates } = await world.core.reporter.report({ window_s: 60 * DAY_S, repository: "*", sees: () => true, operator: true }, 3);
    expect(gates).toMatchObject({ counted: 3, cut: true });
  });
});
