/** When a test is known to be flaky, and that a second run alone excuses it. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import fc from "fast-check";
import { StoreLimits } from "../../proto/config.ts";
import type { Finding, Outcome } from "../../proto/outcome.ts";
import { openStore, type Store } from "../store/db.ts";
import { bothRuns, rateOf, wilson } from "./flakiness.ts";
import { openTestHistory, type TestHistory } from "./history.ts";

const id = (letter: string): string => letter.repeat(32);
const tree = (n: number): string => n.toString(16).padStart(40, "0");
const finding = (letter: string, rule = "command.t.test-failed"): Finding => ({ rule, message: letter, range: null, severity: "error", fingerprint: letter.repeat(64), baseline: "not_compared", tags: [], excerpt: null, counterexample: null, fix: null, ...(rule.endsWith("exit") ? {} : { test: { id: id(letter), name: letter } }) });
const outcome = (findings: Finding[], change: Partial<Outcome> = {}): Outcome => ({ check: "command.t", result: findings.length > 0 ? "fail" : "pass", because: null, observer: "sandbox", findings, findings_cut: 0, gaps: [], ...change });

describe("a rate", () => {
  test("is Wilson's interval: 3 of 41 and 0 of 10 as tables have them", () => {
    expect(wilson(3, 41)).toEqual({ low_permille: 25, high_permille: 195 });
    expect(wilson(0, 10)).toEqual({ low_permille: 0, high_permille: 278 });
  });

  test("always holds the share itself, and narrows with more runs", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 5_000 }), fc.nat(), (runs, seed) => {
      const hits = seed % (runs + 1);
      const [few, many] = [wilson(hits, runs), wilson(4 * hits, 4 * runs)];
      expect(few.low_permille).toBeLessThanOrEqual((1_000 * hits) / runs);
      expect(few.high_permille).toBeGreaterThanOrEqual((1_000 * hits) / runs);
      expect(many.high_permille - many.low_permille).toBeLessThanOrEqual(few.high_permille - few.low_permille + 1);
    }));
  });

  test("is never said of fewer than ten runs, nor of one tree", () => {
    expect([rateOf({ runs: 9, flakes: 5 }), rateOf({ runs: 50, flakes: 1 })]).toEqual([null, null]);
    expect(rateOf({ runs: 10, flakes: 2 })).toMatchObject({ runs: 10, flakes: 2 });
  });
});

describe("two runs", () => {
  const retried = ({ findings }: Outcome) => findings.map(({ rule, test: one }) => `${one?.id[0] ?? rule} ${one?.retried ?? "-"}`);

  test("attack: a run that stops before the test, gives no answer, or fails in another way excuses nothing", () => {
    const first = outcome([finding("a"), finding("b")]);
    expect(retried(bothRuns(first, outcome([finding("a")]), new Set([id("b")])))).toEqual(["a failed", "b passed"]);
    expect(retried(bothRuns(first, outcome([]), new Set()))).toEqual(["a not_run", "b not_run"]);
    expect(retried(bothRuns(first, outcome([], { result: "unavailable", because: "killed" }), new Set([id("a"), id("b")])))).toEqual(["a not_run", "b not_run"]);
    expect(retried(bothRuns(first, outcome([finding("c"), finding("e", "command.t.exit")]), new Set([id("a"), id("b")])))).toEqual(["a passed", "b passed", "c failed", "command.t.exit -"]);
  });

  test("stay in the evidence, both of them", () => {
    const { gaps, result } = bothRuns(outcome([finding("a")]), outcome([]), new Set([id("a")]));
    expect([result, gaps]).toEqual(["fail", [{ what: "a known flaky test failed, so the command ran twice", because: "run 1: 1 failed; run 2: 0 failed" }]]);
  });
});

describe("history", () => {
  const PLACE = { repo_id: "r", command: "t" };
  let dir: string;
  let store: Store;
  let history: TestHistory;
  let now_s = 1_000;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "maestro-history-"));
    now_s = 1_000;
    store = openStore({ state_dir: dir, limits: Value.Create(StoreLimits), fatal: (reason) => { throw reason; } });
    history = openTestHistory({ store, now_s: () => now_s, tests_max: 3 });
  });
  afterEach(async () => {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const known = (place = PLACE): string[] => [...history.rates(place, [id("a"), id("b"), id("c")]).keys()].map((one) => one[0]!);

  test("a test is known by both answers on two trees and ten runs, in its own repository and command alone", () => {
    for (let n = 0; n < 6; n++) {
      history.ran(PLACE, tree(n), [id("a")], []);
      history.ran(PLACE, tree(n), [], [id("a")]);
    }
    expect(history.rates(PLACE, [id("a")]).get(id("a"))).toMatchObject({ runs: 11, flakes: 6 });
    expect([known(), known({ ...PLACE, repo_id: "s" }), known({ ...PLACE, command: "u" })]).toEqual([["a"], [], []]);
  });

  test("attack: one change runs its own test again and again: one tree makes nothing known", () => {
    for (let n = 0; n < 20; n++) history.ran(PLACE, tree(1), n % 2 === 0 ? [id("a")] : [], n % 2 === 0 ? [] : [id("a")]);
    expect(known()).toEqual([]);
  });

  test("a test that fails on one tree and passes on the next is broken and mended, not flaky", () => {
    for (let n = 0; n < 20; n++) history.ran(PLACE, tree(n), n % 2 === 0 ? [id("a")] : [], n % 2 === 0 ? [] : [id("a")]);
    expect(known()).toEqual([]);
  });

  test("is bounded, keeps who was flaky longest, and forgets what nobody saw for 90 days", () => {
    history.ran(PLACE, tree(1), [id("a")], []);
    history.ran(PLACE, tree(1), [], [id("a")]);
    for (const letter of ["b", "c", "d", "e"]) {
      now_s += 1;
      history.ran(PLACE, tree(2), [id(letter)], []);
    }
    expect(history.watched(PLACE).map((one) => one[0])).toEqual(["a", "d", "e"]);
    now_s += 91 * 86_400;
    history.ran(PLACE, tree(3), [id("f")], []);
    expect(history.watched(PLACE).map((one) => one[0])).toEqual(["f"]);
  });
});
