/** Totals of runs: taken once, never falling, nobody else's, and never zero for unknown. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../proto/config.ts";
import { ReportedUsage, type UsageReport } from "../../proto/usage.ts";
import { openStore, type Store } from "../store/db.ts";
import { openRunUsage, reportedUsage, type RunUsage } from "./usage.ts";

const CHANGE = "c".repeat(64);
const RUN: UsageReport = { run_id: "run-00000001", calls_made: 100, calls_reported: 98, tokens: 5_000, micro_usd: 180_000 };
let dir: string;
let store: Store;
let usage: RunUsage;
let now_s = 1_000;

const open = (): RunUsage => openRunUsage({ store, now_s: () => now_s, runs_max: 3 });
const start = (): Store => openStore({ state_dir: dir, limits: Value.Create(StoreLimits), fatal: (reason) => { throw reason; } });
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-usage-"));
  now_s = 1_000;
  store = start();
  usage = open();
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const shown = () => reportedUsage(usage.of(CHANGE));

describe("totals", () => {
  test("sent twice they are counted once, also after a restart", async () => {
    expect([usage.report("web", RUN), usage.report("web", RUN)]).toEqual([true, false]);
    usage.link(CHANGE, "web", [RUN.run_id, RUN.run_id]);
    await store.close();
    store = start();
    usage = open();
    expect([usage.report("web", RUN), usage.link(CHANGE, "web", [RUN.run_id])]).toEqual([false, 0]);
    expect(shown()).toEqual({ runs_named: 1, runs_reported: 1, calls_made: 100, calls_reported: 98, tokens: 5_000, micro_usd: "180000" });
    expect(Value.Check(ReportedUsage, shown())).toBe(true);
  });

  test("attack: a run takes back what it spent, or makes it unknown, or reports more calls than it made", () => {
    usage.report("web", RUN);
    for (const change of [{ micro_usd: 1 }, { micro_usd: null }, { tokens: 4_999 }, { calls_reported: 97 }, { calls_made: 99 }, { calls_reported: 101 }] satisfies Partial<UsageReport>[]) {
      expect(() => usage.report("web", { ...RUN, ...change })).toThrow(expect.objectContaining({ code: "request.malformed" }));
    }
    expect(usage.report("web", { ...RUN, calls_made: 200, micro_usd: 200_000 })).toBe(true);
  });

  test("attack: another tenant reports under the same name: it is another run, and the change's own stays", () => {
    usage.link(CHANGE, "web", [RUN.run_id]);
    usage.report("web", RUN);
    usage.report("api", { ...RUN, micro_usd: 9_999_999 });
    expect(shown()?.micro_usd).toBe("180000");
  });

  test("a payer's runs are bounded; what is old makes room, and a known run goes on", () => {
    for (const n of [1, 2, 3]) usage.report("web", { ...RUN, run_id: `run-0000000${n}` });
    expect(() => usage.report("web", { ...RUN, run_id: "run-00000004" })).toThrow(expect.objectContaining({ code: "tenant.budget" }));
    expect(usage.report("web", { ...RUN, tokens: 6_000 })).toBe(true);
    expect(usage.report("api", RUN)).toBe(true);
    now_s += 401 * 86_400;
    expect(usage.report("web", { ...RUN, run_id: "run-00000004" })).toBe(true);
  });

  test("a change names a bounded number of runs", () => {
    const many = Array.from({ length: 40 }, (_, n) => `run-${String(n).padStart(8, "0")}`);
    expect([usage.link(CHANGE, "web", many), usage.link(CHANGE, "web", ["run-another1"]), usage.of(CHANGE).length]).toEqual([32, 0, 32]);
  });
});

describe("what is not known", () => {
  test("no run named: nothing is reported, which is not zero", () => {
    expect(shown()).toBeNull();
  });

  test("a run named and never reported: its calls are unknown, and so are all of them", () => {
    usage.link(CHANGE, "web", [RUN.run_id, "run-silent-1"]);
    expect(shown()).toEqual({ runs_named: 2, runs_reported: 0, calls_made: null, calls_reported: 0, tokens: null, micro_usd: null });
    usage.report("web", RUN);
    expect(shown()).toEqual({ runs_named: 2, runs_reported: 1, calls_made: null, calls_reported: 98, tokens: 5_000, micro_usd: "180000" });
    usage.report("web", { ...RUN, run_id: "run-silent-1", calls_made: 2, calls_reported: 1, tokens: null, micro_usd: null });
    expect(shown()).toEqual({ runs_named: 2, runs_reported: 2, calls_made: 102, calls_reported: 99, tokens: null, micro_usd: "180000" });
  });
});
