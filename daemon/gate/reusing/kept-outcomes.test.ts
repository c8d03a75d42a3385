/** A client that leaves takes its checks along, and what they had answered by then is kept for the next try. */
import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { Thresholds } from "../../../proto/config.ts";
import type { Outcome } from "../../../proto/outcome.ts";
import { FakeClock } from "../../testing/clock.ts";
import type { CheckRun } from "../../checking/answer.ts";
import { KeptOutcomes } from "./kept-outcomes.ts";
import { Judging } from "../testing/judging.ts";

const thresholds = Value.Create(Thresholds);
const run = (check: string, result: Outcome["result"] = "pass", characters = 0): CheckRun => ({
  outcome: { check, result, because: "x".repeat(characters), observer: "daemon", findings: [], findings_cut: 0, gaps: [] },
  duration_us: 9,
});
const FROM = { repo_id: "local:7:demo", target: "a".repeat(40), head: "b".repeat(40), facts_sha256: "0".repeat(64), thresholds };

/** How often each check was asked, over all tries. */
function asked(judging: Judging): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of judging.jobs) {
    const check = line.split(" ")[1] ?? "";
    counts[check] = (counts[check] ?? 0) + 1;
  }
  return counts;
}

test("cut off after two checks: the next try asks the rest, and the two answers are in its outcome", async () => {
  await using judging = new Judging({ by_job: { dependencies: "slow", ci: "slow" } });
  const leaver = new AbortController();
  const seen: string[] = [];
  const cut = judging.judged({}, (check) => (seen.push(check), seen.length === 2 ? leaver.abort() : undefined), leaver.signal);
  await expect(cut).rejects.toMatchObject({ code: "request.cancelled" });
  const [first = "", second = ""] = seen;
  const judgement = await judging.judged();
  const counts = asked(judging);
  expect([counts[first], counts[second], counts["size"], counts["facts"]]).toEqual([1, 1, 1, 2]);
  expect(judgement.outcomes.map(({ result }) => result)).toEqual(judgement.outcomes.map(() => "pass"));
  expect(judgement.decision.verdict).toBe("admit");
});

test("unavailable is never kept: only the check that did not answer is asked again", async () => {
  await using judging = new Judging({ by_job: { ci: "dies" } });
  expect((await judging.judged()).decision.verdict).toBe("hold");
  expect((await judging.judged()).decision.verdict).toBe("hold");
  const counts = asked(judging);
  expect([counts["ci"], counts["secrets"], counts["size"]]).toEqual([2, 1, 1]);
});

test("a rerun and a replay ask every check; another repository, other facts or other thresholds share nothing", async () => {
  await using judging = new Judging();
  await judging.judged();
  await judging.judged({ fresh: true });
  await judging.judged({ repository: { ...judging.repository, repo_id: "local:8:demo" } });
  expect(asked(judging)).toMatchObject({ secrets: 3, policy: 3 });
  const kept = new KeptOutcomes(() => 0);
  kept.of(FROM).put(run("size"));
  expect(kept.of(FROM).get("size")?.outcome.result).toBe("pass");
  for (const other of [{ repo_id: "local:8:demo" }, { target: "c".repeat(40) }, { head: "c".repeat(40) }, { facts_sha256: "1".repeat(64) }, { thresholds: { ...thresholds, size_lines_max: 1 } }]) expect(kept.of({ ...FROM, ...other }).get("size")).toBeNull();
  expect(kept.of(FROM).get("text")).toBeNull();
});

test("what is kept is bounded in number, size and age, and takes no time when it is given again", () => {
  const clock = new FakeClock();
  const kept = new KeptOutcomes(() => clock.monotonic_ms()).of(FROM);
  kept.put(run("unsure", "unavailable"));
  expect(kept.get("unsure")).toBeNull();
  for (let i = 0; i < 600; i++) kept.put(run(`check-${i}`));
  expect([kept.get("check-0"), kept.get("check-599")?.duration_us]).toEqual([null, 0]);
  kept.put(run("huge", "fail", 17 * 1024 * 1024));
  expect([kept.get("huge"), kept.get("check-599") === null]).toEqual([null, false]);
  kept.put(run("large", "fail", 16 * 1024 * 1024 - 1_000));
  expect([kept.get("large") === null, kept.get("check-500")]).toEqual([false, null]);
  clock.advance(10 * 60_000 + 1);
  expect(kept.get("large")).toBeNull();
});
