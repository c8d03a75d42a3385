/** A change's bill: equal to the ledger to the unit, joined to what its agents reported, and capped. Gates, git and check processes are real. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { NOTHING, type Amount } from "../../tenants/ledger/core.ts";
import type { HostConfig } from "../../../proto/config.ts";
import type { GateResult } from "../../../proto/api.ts";
import { placeKey } from "../../store/releases.ts";
import { UID, World } from "../../testing/core.ts";
import { ownUser } from "../../testing/tenants.ts";
import type { Payer } from "./cost.ts";

setDefaultTimeout(120_000);

const MAIN = "refs/heads/main";
const never = new AbortController().signal;
const RUN = "run-00000001";
const ACCOUNT = { key: "tenant:web", budget: {}, window_s: null };
const plus = (a: Amount, b: Amount): Amount => ({ wall_us: a.wall_us + b.wall_us, cpu_us: a.cpu_us + b.cpu_us, model_tokens: a.model_tokens + b.model_tokens });

class Gating implements AsyncDisposable {
  private serial = 0;
  constructor(readonly world: World) {}

  static async open(config: Partial<HostConfig> = {}): Promise<Gating> {
    return new Gating(await World.open(config));
  }

  async change(message: string, base: Readonly<Record<string, string>> = {}) {
    const source = this.world.scratch.source(`cost${this.serial++}`);
    const target = await source.commit({ n: String(this.serial), ...base }, "base");
    const head = await source.commit({ f: "new" }, message);
    const intake = await this.world.received(source, [target, head], `cost${this.serial}`);
    return { intake, asked: { intake_id: intake.id, target_ref: MAIN, target, head }, key: placeKey({ repo_id: intake.repo_id, target_ref: MAIN, head }) };
  }

  readonly billed: Payer = (worst, work, bill) => this.world.core.tenants.pay({ accounts: [ACCOUNT] }, worst, work, bill);

  gate({ intake, asked }: Awaited<ReturnType<Gating["change"]>>, more: { rerun?: boolean; listen?: (check: string | null) => void } = {}): Promise<GateResult> {
    const { rerun = false, listen = () => undefined } = more;
    return this.world.core.keeper.submit(intake, { ...asked, rerun }, ({ check }) => listen(check), never, this.billed);
  }

  usage(micro_usd: number | null, change?: string): void {
    const { run_usage } = this.world.core;
    run_usage.report(String(UID), { run_id: RUN, calls_made: 100, calls_reported: 98, tokens: null, micro_usd });
    if (change !== undefined) run_usage.link(change, String(UID), [RUN]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.world[Symbol.asyncDispose]();
  }
}

describe("the bill", () => {
  let one: Gating;
  beforeAll(async () => {
    one = await Gating.open();
  });
  afterAll(() => one[Symbol.asyncDispose]());

  test("totals beside the card are the ledger's, and all changes together what the account paid, whether judged, answered again, or left", async () => {
    const { ledger } = one.world.core.tenants;
    const [first, second] = [await one.change("a"), await one.change("b")];
    const results = [await one.gate(first), await one.gate(second), await one.gate(first), await one.gate(second, { rerun: true })];
    expect(results.map(({ recorded }) => recorded)).toEqual([false, false, true, false]);
    const { cost } = results[3]!;
    expect([cost?.runs, cost?.died, cost?.reported]).toEqual([2, 0, null]);
    expect(cost?.cpu_us).toBeGreaterThan(0);
    const rows = [first, second].map(({ key }) => ledger.change(key)?.spent ?? NOTHING);
    expect(rows[1]).toEqual({ wall_us: cost?.wall_us ?? -1, cpu_us: cost?.cpu_us ?? -1, model_tokens: cost?.model_tokens ?? -1 });
    expect(rows.reduce(plus, NOTHING)).toEqual(ledger.account(ACCOUNT.key)?.spent ?? NOTHING);
    // What check processes used stands on the cards of both gates of the change; the bill has both, to the unit.
    const used = [results[1]!, results[3]!].reduce((sum, { timings }) => sum + (timings.usage?.cpu_us ?? 0), 0);
    expect(cost?.cpu_us).toBeGreaterThanOrEqual(used);
  });

  test("a daemon that died is charged in full on the change too, once", async () => {
    const { key } = await one.change("died");
    const { ledger } = one.world.core.tenants;
    const before = ledger.account(ACCOUNT.key)?.spent ?? NOTHING;
    const worst = { wall_us: 500, cpu_us: 700, model_tokens: 3 };
    ledger.reserve([ACCOUNT], worst, { change: key, payer: String(UID) });
    await one.world.stop();
    await one.world.start();
    const after = one.world.core.tenants.ledger;
    expect([after.change(key), after.account(ACCOUNT.key)?.spent]).toEqual([expect.objectContaining({ runs: 1, died: 1, spent: worst }), plus(before, worst)]);
    expect(one.world.core.costs.of(key, null)).toMatchObject({ runs: 1, died: 1, wall_us: 500, cpu_us: 700, model_tokens: 3 });
  });

  test("work nobody pays for stands on its change's bill all the same", async () => {
    const { intake, asked, key } = await one.change("own");
    await one.world.core.keeper.submit(intake, asked, () => undefined, never);
    expect(one.world.core.costs.of(key, null)?.runs).toBe(1);
  });
});

describe("what agents report", () => {
  let one: Gating;
  beforeAll(async () => {
    one = await Gating.open();
  });
  afterAll(() => one[Symbol.asyncDispose]());

  test("is joined by the trailer Maestro-Run, stands on the card, and is not there where nothing was named", async () => {
    const named = await one.change(`work\n\nMaestro-Run: ${RUN}\nMaestro-Run: not a run id!`);
    const before = await one.gate(named);
    expect([before.card.cost, before.cost?.reported]).toEqual([{ reported: false, micro_usd: null }, { runs_named: 1, runs_reported: 0, calls_made: null, calls_reported: 0, tokens: null, micro_usd: null }]);
    one.usage(180_000);
    const after = await one.gate(named, { rerun: true });
    expect(after.card.cost).toEqual({ reported: true, micro_usd: "180000" });
    expect(after.cost?.reported).toEqual({ runs_named: 1, runs_reported: 1, calls_made: 100, calls_reported: 98, tokens: null, micro_usd: "180000" });
    const silent = await one.gate(await one.change("no run"));
    expect([silent.card.cost, silent.cost?.reported]).toEqual([{ reported: false, micro_usd: null }, null]);
    const report = await one.world.core.reporter.report({ window_s: 3_600, repository: "*", sees: () => true, operator: true });
    const reported = report.kpis.find(({ id }) => id === "cost.reported");
    expect([reported?.n, reported?.value, Object.fromEntries(reported?.parts.map(({ name, value }) => [name, value]) ?? [])]).toEqual([1, "180000", { total: "180000", changes_without_price: "1", runs_named: "1", runs_reported: "1", calls_reported: "98", calls_made: "100" }]);
  });

  test("attack: a change of another user names the run: what was reported stays with who reported it", async () => {
    const source = one.world.scratch.source("thief");
    const target = await source.commit({ f: "old" }, "base");
    const head = await source.commit({ f: "new" }, `work\n\nMaestro-Run: ${RUN}`);
    const intake = await one.world.received(source, [target, head], "thief", ownUser(UID + 1));
    one.usage(200_000);
    const result = await one.world.core.keeper.submit(intake, { intake_id: intake.id, target_ref: MAIN, target, head }, () => undefined, never);
    expect([result.card.cost.reported, result.cost?.reported?.runs_reported]).toEqual([false, 0]);
  });
});

describe("a budget", () => {
  test("stops early: what ran stands, what did not is unavailable because of it, and nothing is admitted", async () => {
    await using one = await Gating.open({ change_budget: { micro_usd: 1_000 } });
    const change = await one.change("work");
    let checks = 0;
    const result = await one.gate(change, { listen: (check) => void (check !== null && ++checks === 2 && one.usage(1_000, change.key)) });
    const passed = result.card.checks.filter(({ result: answer }) => answer !== "unavailable");
    const stopped = result.card.checks.filter(({ because }) => because?.startsWith("budget: 1000 of 1000 micro-USD") === true);
    expect([result.verdict, passed.length >= 2, stopped.length > 0, passed.length + stopped.length]).toEqual(["hold", true, true, result.card.checks.length]);
    // The next try is no way around it, and a larger budget is the way out.
    expect((await one.gate(change)).verdict).toBe("hold");
  });

  test("attack: two payers ask for one verdict at once, and the first one's spent budget is the other's verdict too", async () => {
    await using one = await Gating.open({ change_budget: { micro_usd: 1_000 } });
    const change = await one.change("work");
    const other = { ...change, intake: { ...change.intake, tenant: "other" } };
    let checks = 0;
    const first = one.gate(change, { listen: (check) => void (check !== null && ++checks === 2 && one.usage(1_000, change.key)) });
    const [stopped, whole] = await Promise.all([first, one.gate(other)]);
    const unasked = ({ card }: GateResult) => card.checks.filter(({ result }) => result === "unavailable").length;
    expect([unasked(stopped) > 0, unasked(whole), whole.attempt]).toEqual([true, 0, stopped.attempt + 1]);
  });

  test("of processor time counts earlier runs of the change; the base may lower it and not raise it", async () => {
    await using one = await Gating.open({ change_budget: { cpu_s: 5 } });
    const lower = await one.change("work", { "maestro.yaml": "version: 1\nchange_budget: { cpu_s: 3 }\n" });
    const higher = await one.change("more", { "maestro.yaml": "version: 1\nchange_budget: { cpu_s: 9 }\n" });
    for (const { key } of [lower, higher]) await one.billed({ wall_us: 1, cpu_us: 1, model_tokens: 0 }, (spent) => Promise.resolve(spent({ cpu_us: 4_000_000 })), { change: key, payer: String(UID) });
    const stopped = await one.gate(lower);
    expect([stopped.verdict, stopped.card.checks.every(({ because }) => because?.includes("of 3 s of processor time") === true)]).toEqual(["hold", true]);
    const loosened = await one.gate(higher);
    expect([loosened.verdict, loosened.card.reasons.some(({ because }) => because.includes("change_budget.cpu_s: 9 is looser than the host's 5"))]).toEqual(["hold", true]);
  });
});
