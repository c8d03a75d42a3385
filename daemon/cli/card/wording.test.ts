import { expect, test } from "bun:test";
import { timingTexts } from "../../verifier/words/card.ts";

const TIMINGS = { total_us: 1_100_000, facts_us: 200_000, checks_us: 700_000, policy_us: 20_000, evidence_us: 180_000, by_check: [] };

test("what a gate took: a line of times, and a line of what its processes used where that was measured", () => {
  expect(timingTexts(TIMINGS)).toEqual(["gate 1.10 s: facts 0.20 checks 0.70 policy 0.02 evidence 0.18"]);
  expect(timingTexts({ ...TIMINGS, usage: { cpu_us: 12_345_678, max_rss_bytes: 98_500_001 } })[1]).toBe("processor 12 s, at most 99 MB in one check process");
  // What was used again and took next to nothing then is not worth a word.
  const by_check = [[900, "text"], [2_000_000, "command.lint"]].map(([saved_us, check]) => ({ check: String(check), us: 0, saved_us: Number(saved_us) }));
  expect(timingTexts({ ...TIMINGS, by_check })[0]).toEndWith("evidence 0.18; answers used again saved 2.00 s");
  expect(timingTexts({ ...TIMINGS, by_check: by_check.slice(0, 1) })[0]).toEndWith("evidence 0.18");
});
