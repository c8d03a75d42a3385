import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../proto/config.ts";
import { openStore, type Store } from "../../store/db.ts";
import { FakeClock } from "../../testing/clock.ts";
import { tenant } from "../../testing/tenants.ts";
import { pay } from "../meter.ts";
import type { Account } from "../principal.ts";
import { type Amount, NOTHING } from "./core.ts";
import { type Ledger, openLedger } from "./index.ts";

const HOUR_S = 3_600;
const ACCOUNT: Account = { key: "tenant:web", budget: { wall_us: 1_000 }, window_s: HOUR_S };
const wall = (wall_us: number): Amount => ({ ...NOTHING, wall_us });
const folders: string[] = [];
const opened: Store[] = [];

function fresh(now = { s: 100 * HOUR_S }): { readonly ledger: Ledger; readonly now: { s: number }; readonly state_dir: string } {
  const state_dir = mkdtempSync(join(tmpdir(), "ledger-"));
  folders.push(state_dir);
  return { ledger: reopened(state_dir, now), now, state_dir };
}

function reopened(state_dir: string, now: { s: number }, held_max?: number): Ledger {
  const store = openStore({ state_dir, limits: Value.Create(StoreLimits), fatal: (reason) => { throw reason; } });
  opened.push(store);
  return openLedger({ store, now_s: () => now.s, ...(held_max === undefined ? {} : { held_max }) });
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe("a budget", () => {
  test("can be asked about without a promise: the same words as the refusal, and nothing is reserved by asking", () => {
    const { ledger } = fresh();
    expect([ledger.short([ACCOUNT], wall(1_000)), ledger.short([ACCOUNT], wall(1_000))]).toEqual([null, null]);
    ledger.settle(ledger.reserve([ACCOUNT], wall(900)), wall(900));
    expect(ledger.short([ACCOUNT], wall(101))).toContain("100 of wall_us are left, the work may take 101");
    expect([ledger.short([ACCOUNT], wall(100)), ledger.account("tenant:web")?.reserved]).toEqual([null, NOTHING]);
  });

  test("covers what is left and not a microsecond more; the refusal says how much and when", () => {
    const { ledger, now } = fresh();
    now.s += 1_000;
    ledger.settle(ledger.reserve([ACCOUNT], wall(400)), wall(400));
    expect(() => ledger.reserve([ACCOUNT], wall(601))).toThrow("600 of wall_us are left, the work may take 601; it is refilled in 2600 s");
    expect(ledger.reserve([ACCOUNT], wall(600))).toBeGreaterThan(0);
  });

  test("counts what was used, not what was feared; and all of it where that was more", () => {
    const { ledger } = fresh();
    ledger.settle(ledger.reserve([ACCOUNT], wall(900)), wall(50));
    ledger.settle(ledger.reserve([ACCOUNT], wall(900)), wall(980));
    expect(ledger.account("tenant:web")).toMatchObject({ spent: wall(1_030), reserved: NOTHING });
    expect(() => ledger.reserve([ACCOUNT], wall(1))).toThrow("0 of wall_us are left");
  });

  test("attack: an operator who goes from hours to days, or back, leaves no account that is never refilled", () => {
    const { ledger, now } = fresh();
    const daily: Account = { ...ACCOUNT, window_s: 24 * HOUR_S };
    ledger.settle(ledger.reserve([ACCOUNT], wall(900)), wall(900));
    expect(() => ledger.reserve([daily], wall(200))).toThrow("100 of wall_us are left");
    now.s += 24 * HOUR_S;
    ledger.settle(ledger.reserve([daily], wall(1_000)), wall(1_000));
    now.s += HOUR_S;
    expect(ledger.reserve([ACCOUNT], wall(1_000))).toBeGreaterThan(0);
  });

  test("is whole again with the next window; what is under way is still promised", () => {
    const { ledger, now } = fresh();
    const running = ledger.reserve([ACCOUNT], wall(300));
    ledger.settle(ledger.reserve([ACCOUNT], wall(700)), wall(700));
    now.s += HOUR_S;
    expect(() => ledger.reserve([ACCOUNT], wall(701))).toThrow("700 of wall_us are left");
    ledger.settle(ledger.reserve([ACCOUNT], wall(700)), wall(700));
    expect(ledger.settle(running, wall(100))).toBe(true);
    expect(ledger.account("tenant:web")).toMatchObject({ spent: wall(800), reserved: NOTHING });
  });

  test("attack: a clock set back opens no window that was closed", () => {
    const { ledger, now } = fresh();
    ledger.settle(ledger.reserve([ACCOUNT], wall(1_000)), wall(1_000));
    now.s -= 5 * HOUR_S;
    expect(() => ledger.reserve([ACCOUNT], wall(1))).toThrow("0 of wall_us are left");
  });

  test("of a token is for its whole life: no window fills it up", () => {
    const { ledger, now } = fresh();
    const token: Account = { key: "token:x", budget: { wall_us: 10 }, window_s: null };
    ledger.settle(ledger.reserve([token], wall(10)), wall(10));
    now.s += 20 * 86_400;
    expect(() => ledger.reserve([token], wall(1))).toThrow("this budget is not refilled");
  });

  test("that one of two accounts lacks leaves the other untouched", () => {
    const { ledger } = fresh();
    const poor: Account = { key: "token:poor", budget: { wall_us: 1 }, window_s: null };
    expect(() => ledger.reserve([ACCOUNT, poor], wall(500))).toThrow("token:poor");
    expect(ledger.account("tenant:web")).toBeUndefined();
    expect(ledger.open()).toBe(0);
  });
});

test("attack: a change that brings the daemon down works for nothing: what it had reserved is charged in full at the next start, once", () => {
  const { ledger, now, state_dir } = fresh();
  ledger.settle(ledger.reserve([ACCOUNT], wall(100)), wall(60));
  for (let i = 0; i < 3; i++) ledger.reserve([ACCOUNT], { wall_us: 300, cpu_us: 20, model_tokens: 1 });
  for (const start of [1, 2]) {
    const next = reopened(state_dir, now);
    expect([start, next.open(), next.account("tenant:web")]).toEqual([start, 0, expect.objectContaining({ spent: { wall_us: 960, cpu_us: 60, model_tokens: 3 }, reserved: NOTHING })]);
    expect(() => next.reserve([ACCOUNT], wall(41))).toThrow("40 of wall_us are left");
  }
});

describe("work that is paid for", () => {
  const clock = new FakeClock();
  const payer = tenant("web", 1001, { accounts: [ACCOUNT] });
  const deps = (ledger: Ledger, warnings: unknown[] = []) => ({ ledger, clock, warn: (_: string, error: unknown) => warnings.push(error) });

  test("attack: a hundred at once for a budget of ten: ten begin, and never more than the budget is promised", async () => {
    const { ledger } = fresh();
    const begun: number[] = [];
    const gates = Array.from({ length: 100 }, async (_, i) =>
      pay(deps(ledger), payer, wall(100), async () => {
        begun.push(i);
        expect(ledger.account("tenant:web")?.reserved.wall_us).toBeLessThanOrEqual(1_000);
        await Bun.sleep(5);
        return i;
      }),
    );
    const ended = await Promise.allSettled(gates);
    expect(begun).toHaveLength(10);
    expect(ended.filter(({ status }) => status === "fulfilled")).toHaveLength(10);
    expect(ended.filter((end) => end.status === "rejected" && String(end.reason).includes("budget does not cover"))).toHaveLength(90);
    expect(ledger.account("tenant:web")).toMatchObject({ reserved: NOTHING });
  });

  test("is charged with the time it took on the monotonic clock and with its processes, whether it ends well or not", async () => {
    const { ledger } = fresh();
    await pay(deps(ledger), payer, wall(500), async (spent) => {
      spent({ cpu_us: 30 });
      spent({ cpu_us: 12 });
    });
    const failing = pay(deps(ledger), payer, wall(500), async (spent) => {
      spent({ cpu_us: 8 });
      throw new RangeError("it went wrong");
    });
    await expect(failing).rejects.toThrow("it went wrong");
    expect(ledger.account("tenant:web")).toMatchObject({ spent: { cpu_us: 50 }, reserved: NOTHING });
  });

  test("keeps its result when the bill cannot be written, and says so", async () => {
    const { ledger } = fresh();
    const warnings: unknown[] = [];
    const full: Ledger = { ...ledger, settle: () => { throw new (class extends Error {})("disk"); } };
    await expect(pay(deps(full, warnings), payer, wall(1), async () => 7)).rejects.toThrow("disk");
    const { MaestroError } = await import("../../../proto/errors.ts");
    const known: Ledger = { ...ledger, settle: () => { throw new MaestroError("store.no_space", "full"); } };
    expect(await pay(deps(known, warnings), payer, wall(1), async () => 7)).toBe(7);
    expect(warnings.map(String)).toEqual([expect.stringContaining("full")]);
  });

  test("of the operator is on the house", async () => {
    const { ledger } = fresh();
    expect(await pay(deps(ledger), tenant("web", 1001), wall(1e9), async () => 7)).toBe(7);
    expect(ledger.account("tenant:web")).toBeUndefined();
  });
});

test("attack: accounts of hundreds of tokens are forgotten while the daemon goes on, some at a time, and one that is used is not", () => {
  const { ledger, now } = fresh();
  const account = (key: string): Account => ({ key, budget: { wall_us: 1_000_000 }, window_s: null });
  const keys = Array.from({ length: 300 }, (_, i) => `token:${i}`);
  for (let i = 0; i < keys.length; i += 4) ledger.settle(ledger.reserve(keys.slice(i, i + 4).map(account), wall(1)), wall(1));
  now.s += 400 * 24 * HOUR_S;
  ledger.settle(ledger.reserve([account("tenant:web")], wall(1)), wall(1));
  // What was settled before costs no flush, and counts.
  for (let i = 0; i < 192; i++) ledger.settle(1, wall(1));
  expect(keys.filter((key) => ledger.account(key) !== undefined)).toEqual([]);
  expect(ledger.account("tenant:web")).toMatchObject({ spent: wall(1) });
});

describe("what is held for work done elsewhere", () => {
  const money: Account = { key: "tenant:web", budget: { usd_micro: 1_000, gpu_us: 50 }, window_s: HOUR_S };
  const usd = (usd_micro: number, gpu_us?: number): Amount => ({ ...NOTHING, usd_micro, ...(gpu_us === undefined ? {} : { gpu_us }) });

  test("counts against money and a GPU's time, and is settled once by its name", () => {
    const { ledger, now } = fresh();
    ledger.hold("ep-1", [money], usd(700, 50), now.s + 60);
    expect(() => ledger.hold("ep-2", [money], usd(301), now.s + 60)).toThrow("300 of usd_micro are left, the work may take 301");
    expect(() => ledger.hold("ep-2", [money], usd(1, 1), now.s + 60)).toThrow("0 of gpu_us are left");
    expect([ledger.settleHeld("ep-1", usd(100)), ledger.settleHeld("ep-1", usd(100)), ledger.settleHeld("ep-2", null)]).toEqual([usd(700, 50), null, null]);
    expect(ledger.account("tenant:web")).toMatchObject({ spent: usd(100), reserved: NOTHING });
    expect([Object.keys(ledger.account("tenant:web")?.reserved ?? {}), ledger.open()]).toEqual([["wall_us", "cpu_us", "model_tokens"], 0]);
  });

  test("outlives the daemon, where a gate's promise is charged; its number is not given again", () => {
    const { ledger, now, state_dir } = fresh();
    ledger.hold("ep-1", [money], usd(700), now.s + 60);
    ledger.reserve([money], usd(5));
    const again = reopened(state_dir, now);
    expect(again.account("tenant:web")).toMatchObject({ spent: usd(5), reserved: usd(700) });
    const other = again.reserve([money], usd(1));
    expect([again.settleHeld("ep-1", usd(600)), again.open()]).toEqual([usd(700), 1]);
    expect([again.settle(other, usd(1)), again.account("tenant:web")?.spent]).toEqual([true, usd(606)]);
  });

  test("attack: an outcome that never comes gives nothing back: when its time is over all of it is spent, here and after a restart", () => {
    const { ledger, now, state_dir } = fresh();
    ledger.hold("ep-1", [money], usd(300), now.s + 60);
    ledger.hold("ep-2", [money], usd(300), now.s + 90);
    now.s += 61;
    ledger.hold("ep-3", [money], usd(1), now.s + 60);
    expect([ledger.account("tenant:web"), ledger.settleHeld("ep-1", usd(0))]).toMatchObject([{ spent: usd(300), reserved: usd(301) }, null]);
    now.s += 60;
    expect(reopened(state_dir, now).account("tenant:web")).toMatchObject({ spent: usd(601), reserved: NOTHING });
  });

  test("attack: a promise of the time when the budget was an hour's is settled after the operator made it a day's: the day goes on with what was spent", () => {
    const { ledger, now, state_dir } = fresh({ s: 240 * HOUR_S });
    ledger.hold("ep-1", [money], usd(1), now.s + 9 * HOUR_S);
    const day = { ...money, window_s: 24 * HOUR_S };
    const again = reopened(state_dir, now);
    again.settle(again.reserve([day], usd(900)), usd(900));
    now.s += 5 * HOUR_S;
    again.settleHeld("ep-1", usd(1));
    expect(again.short([day], usd(100))).toContain("99 of usd_micro are left");
    now.s += 19 * HOUR_S;
    expect(again.short([day], usd(1_000))).toBeNull();
  });

  test("attack: outcomes of one tenant that never come take half of all places, and no more: others go on, and its own places come back", () => {
    const { now, state_dir } = fresh();
    const ledger = reopened(state_dir, now, 40);
    const other = { ...money, key: "tenant:lib" };
    for (let n = 0; n < 20; n++) ledger.hold(`ep-${n}`, [money], usd(1), now.s + 60);
    expect(() => ledger.hold("ep-20", [money], usd(1), now.s + 60)).toThrow("tenant:web: 20 promises to its routed work stand already, and half of all places are taken");
    for (let n = 0; n < 2; n++) ledger.hold(`other-${n}`, [other], usd(1), now.s + 60);
    expect([ledger.open(), ledger.account("tenant:web")?.held, ledger.account("tenant:lib")?.held]).toEqual([22, 20, 2]);
    now.s += 61;
    ledger.hold("ep-20", [money], usd(1), now.s + 60);
    expect([ledger.open(), ledger.account("tenant:web")?.held, ledger.account("tenant:lib")?.held]).toEqual([1, 1, undefined]);
  });

  test("a name is held once", () => {
    const { ledger, now } = fresh();
    ledger.hold("ep-1", [money], usd(1), now.s + 60);
    expect(() => ledger.hold("ep-1", [money], usd(1), now.s + 60)).toThrow("ep-1 is held already");
    expect([ledger.account("tenant:web")?.reserved, ledger.open()]).toEqual([usd(1), 1]);
  });
});
