/** What faulty check processes come to: exactly their own check is unavailable, and the gate holds. */
import { describe, expect, test } from "bun:test";
import type { GateLimits } from "../../proto/config.ts";
import { FakeClock } from "../testing/clock.ts";
import { checksummedToken } from "../testing/tokens.ts";
import { CHECKS } from "./checks/index.ts";
import type { Judgement } from "./judge.ts";
import type { Fault } from "./testing/faulty-worker.ts";
import { Judging } from "./testing/judging.ts";

const ALL: readonly string[] = CHECKS.map(({ id }) => id);
const SLOW_MS = 120_000;
const resultsOf = ({ outcomes }: Judgement): Record<string, string> => Object.fromEntries(outcomes.map(({ check, result }) => [check, result]));
const becauseOf = ({ outcomes }: Judgement, check: string): string => outcomes.find((outcome) => outcome.check === check)?.because ?? "";
const rulesOf = ({ decision }: Judgement): string[] => decision.reasons.map(({ rule, check }) => (check === null ? rule : `${rule} ${check}`));

test("check processes that answer lead to an admit, in card order, and leave no file behind", async () => {
  await using judging = new Judging();
  const seen: string[] = [];
  const judgement = await judging.judged({}, (check) => seen.push(check));
  expect([judgement.decision.verdict, judgement.outcomes.map(({ check }) => check), seen]).toEqual(["admit", [...ALL], [...ALL]]);
  expect(judging.jobs.map((line) => line.split(" ")[1])).toEqual(["facts", ...ALL, "policy"]);
  expect(new Set(judging.jobs.map((line) => line.split(" ")[0])).size).toBe(1);
  expect(judging.leftovers).toEqual([]);
});

describe("exactly the checks whose process did wrong are unavailable, every other one answers, and the gate holds", () => {
  const MEMORY = 256 * 1024 * 1024;
  const says: Readonly<Record<string, RegExp>> = {
    dies: /worker\.crashed/,
    exits: /worker\.crashed/,
    hangs: /worker\.deadline: 4000 ms/,
    leaks: /worker\.memory/,
    throws: /worker\.crashed: .*told to/,
    "other-check": /worker\.protocol: answered check size to check ci/,
    "other-kind": /worker\.protocol: answered facts to check guards/,
    "extra-field": /worker\.protocol/,
  };
  const sets: readonly Readonly<Record<string, Fault>>[] = [
    { secrets: "dies", paths: "hangs", ci: "other-check", tests: "extra-field" },
    { text: "leaks", dependencies: "throws", guards: "other-kind", size: "exits" },
  ];
  for (const faults of sets) {
    test(`a process that ${Object.values(faults).join(", one that ")}`, async () => {
      await using judging = new Judging({ by_job: faults }, { limits: { worker: { memory_bytes_max: MEMORY, check_deadline_ms: Object.values(faults).includes("hangs") ? 4_000 : 20_000 } } });
      const judgement = await judging.judged();
      expect(resultsOf(judgement)).toEqual(Object.fromEntries(ALL.map((check) => [check, Object.hasOwn(faults, check) ? "unavailable" : "pass"])));
      for (const [check, fault] of Object.entries(faults)) expect(becauseOf(judgement, check)).toMatch(says[fault]!);
      expect([judgement.decision.verdict, rulesOf(judgement)]).toEqual(["hold", Object.keys(faults).sort().map((check) => `gate.check-unavailable ${check}`)]);
      // Whoever did wrong is never asked again: the rest is answered by another process.
      const pidOf = (job: string) => judging.jobs.find((line) => line.endsWith(` ${job}`))?.split(" ")[0];
      for (const check of Object.keys(faults)) expect(pidOf(ALL[ALL.indexOf(check) + 1] ?? "policy")).not.toBe(pidOf(check));
      expect(judging.leftovers).toEqual([]);
    }, SLOW_MS);
  }

  test("attack: a process that quotes a credential as it dies puts it on no card and into no log", async () => {
    await using judging = new Judging({ by_job: { secrets: "blurts", policy: "blurts" } });
    const judgement = await judging.judged();
    expect(becauseOf(judgement, "secrets")).toContain("unexpected ghp_");
    expect(JSON.stringify(judgement)).not.toContain(checksummedToken("ghp", "blurted"));
    await using collecting = new Judging({ by_job: { facts: "blurts" } });
    const failure: unknown = await collecting.judged().catch((error: unknown) => error);
    expect(Bun.inspect(failure)).toContain("unexpected ghp_");
    expect(Bun.inspect(failure)).not.toContain(checksummedToken("ghp", "blurted"));
  }, SLOW_MS);

  test("a check that is not required and is unavailable is said and does not hold", async () => {
    await using judging = new Judging({ by_job: { tests: "dies" } }, { host: { required: ["secrets"] } });
    const judgement = await judging.judged();
    expect([judgement.decision.verdict, rulesOf(judgement)]).toEqual(["admit", ["gate.check-unavailable tests"]]);
  });
});

describe("policy", () => {
  for (const fault of ["hangs", "other-kind"] as const) {
    test(`a policy process that ${fault} leads to hold, whatever the checks say`, async () => {
      await using judging = new Judging({ by_job: { policy: fault } }, { limits: { worker: { policy_deadline_ms: fault === "hangs" ? 300 : 5_000 } } });
      const judgement = await judging.judged();
      expect(new Set(Object.values(resultsOf(judgement)))).toEqual(new Set(["pass"]));
      expect([judgement.policy.result, judgement.decision.verdict, rulesOf(judgement)]).toEqual(["unavailable", "hold", ["gate.policy-unavailable"]]);
    });
  }
});

describe("the gate's own deadline", () => {
  const gate_deadline_ms: GateLimits["gate_deadline_ms"] = 60_000;

  test("what has not begun by then is unavailable, what had answered stands, and policy has no time left", async () => {
    const clock = new FakeClock();
    await using judging = new Judging({ by_job: { policy: "slow" } }, { clock, limits: { gate: { gate_deadline_ms } } });
    const judgement = await judging.judged({}, (check) => void (check === "paths" && clock.advance(gate_deadline_ms)));
    const after = ALL.slice(ALL.indexOf("paths") + 1);
    expect(resultsOf(judgement)).toEqual(Object.fromEntries(ALL.map((check) => [check, after.includes(check) ? "unavailable" : "pass"])));
    for (const check of after) expect(becauseOf(judgement, check)).toContain("deadline passed before this check began");
    expect(rulesOf(judgement)).toContain("gate.policy-unavailable");
    expect(judgement.decision.verdict).toBe("hold");
    expect(judging.jobs.filter((line) => after.some((check) => line.endsWith(` ${check}`)))).toEqual([]);
  });

  test("cuts a check's own deadline short, and the facts' as well", async () => {
    const clock = new FakeClock();
    await using late = new Judging({ by_job: { text: "hangs" } }, { clock, limits: { gate: { gate_deadline_ms } } });
    const judgement = await late.judged({}, (check) => void (check === "secrets" && clock.advance(gate_deadline_ms - 250)));
    expect(becauseOf(judgement, "text")).toContain("worker.deadline: 250 ms");
    await using slow = new Judging({ by_job: { facts: "hangs" } }, { limits: { gate: { gate_deadline_ms: 250 } } });
    await expect(slow.judged()).rejects.toMatchObject({ code: "worker.deadline", detail: "250 ms" });
    expect(slow.leftovers).toEqual([]);
  });
});

test("facts that cannot be collected are no judgement at all, and leave no file", async () => {
  await using judging = new Judging({ by_job: { facts: "dies" } });
  await expect(judging.judged()).rejects.toMatchObject({ code: "worker.crashed" });
  expect(judging.leftovers).toEqual([]);
});

test("on an unknown change no check is run: each is unavailable with the reason", async () => {
  await using judging = new Judging({ facts: { change: { history: "unknown", because: "a shallow clone" } } });
  const judgement = await judging.judged();
  expect(new Set(Object.values(resultsOf(judgement)))).toEqual(new Set(["unavailable"]));
  expect(becauseOf(judgement, "size")).toBe("what the change is, is unknown");
  expect(judging.jobs.map((line) => line.split(" ")[1])).toEqual(["facts", "policy"]);
  const [reason, ...others] = judgement.decision.reasons;
  expect([judgement.decision.verdict, reason?.rule, reason?.because, others]).toEqual(["hold", "gate.history-unknown", "a shallow clone", []]);
});

test("a large change is spread over two processes, and one of them dying costs one check", async () => {
  await using judging = new Judging({ facts: { added_lines: 5_000 }, by_job: { secrets: "slow", ci: "dies" } });
  const judgement = await judging.judged();
  expect(resultsOf(judgement)).toEqual({ ...Object.fromEntries(ALL.map((check) => [check, "pass"])), ci: "unavailable" });
  expect(judgement.outcomes.map(({ check }) => check)).toEqual([...ALL]);
  const checkers = new Set(judging.jobs.filter((line) => !/ (?:facts|policy)$/.test(line)).map((line) => line.split(" ")[0]));
  expect(checkers.size).toBeGreaterThanOrEqual(2);
  expect(judging.pool.counts.busy).toBe(0);
});

describe("a base that loosens", () => {
  test("is broken: the host's own settings stand and the gate holds", async () => {
    const config = { version: 1 as const, thresholds: { size_lines_max: 900 }, required: ["size"] };
    await using judging = new Judging({ facts: { config: { state: "read", config, policy: null } } });
    const judgement = await judging.judged();
    expect([judgement.decision.verdict, rulesOf(judgement)]).toEqual(["hold", ["gate.config-broken"]]);
    expect([judgement.config.thresholds.size_lines_max, judgement.config.source]).toEqual([800, "host"]);
  });

  test("one that tightens is what the gate runs under", async () => {
    const config = { version: 1 as const, thresholds: { size_lines_max: 10 }, required: ["licence"] };
    await using judging = new Judging({ facts: { config: { state: "read", config, policy: null } } });
    const judgement = await judging.judged();
    expect([judgement.decision.verdict, rulesOf(judgement)]).toEqual(["hold", ["gate.check-missing licence"]]);
    expect([judgement.config.thresholds.size_lines_max, judgement.config.source]).toEqual([10, "host+base"]);
  });
});

test("a client that leaves ends it as cancelled, not as a verdict, and kills the process", async () => {
  await using judging = new Judging({ by_job: { ci: "hangs" } });
  const client = new AbortController();
  const judged = judging.judged({}, (check) => void (check === "dependencies" && client.abort()), client.signal);
  await expect(judged).rejects.toMatchObject({ code: "request.cancelled" });
  expect([judging.pool.counts.busy, judging.leftovers]).toEqual([0, []]);
});
