/** A report over 10,000 gates: their summaries are written by the product's own writer, read back from disk and counted. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../proto/config.ts";
import { gateId } from "../proto/change.ts";
import { Reporter } from "../daemon/report/index.ts";
import { openStore } from "../daemon/store/db.ts";
import { openSummaries } from "../daemon/store/summaries.ts";
import { SAMPLE_DECISION, SAMPLE_IDENTITY, sampleCard } from "../daemon/testing/evidence.ts";
import { timestampOf } from "../daemon/verifier/time.ts";
import { type Bench, leastCpuMs, percentiles } from "./figure.ts";

const GATES = 10_000;
const BATCH = 500;
const RUNS = 7;
const START_S = 1_767_225_600;
const STEP_S = 60;
const TIMINGS = { total_us: 900_000, facts_us: 1, checks_us: 1, policy_us: 1, evidence_us: 1, by_check: [], usage: { cpu_us: 700_000, max_rss_bytes: 1 } };

export const bench: Bench = async (figure) => {
  const state_dir = mkdtempSync(join(tmpdir(), "maestro-bench-report-"));
  const store = openStore({ state_dir, limits: Value.Create(StoreLimits), fatal: (reason) => { throw reason; } });
  try {
    const summaries = openSummaries(store);
    for (let from = 0; from < GATES; from += BATCH) {
      store.atomic(() => {
        for (let n = from; n < from + BATCH; n++) {
          const identity = { ...SAMPLE_IDENTITY, head: n.toString(16).padStart(40, "0") };
          const issued_at = timestampOf(START_S + n * STEP_S);
          const row = { gate_id: gateId(identity), attempt: { attempt: 1, issued_at }, repo_id: identity.repo_id, head: identity.head, owner_uid: 7 };
          summaries.add(row, { card: sampleCard(identity, SAMPLE_DECISION, 1, "local"), timings: TIMINGS });
        }
      });
    }
    const now_s = START_S + GATES * STEP_S;
    const reporter = new Reporter({ summaries, gates: { count: () => GATES }, shipped: { asked: () => [] }, now_s: () => now_s, spending: () => [], per_person: false });
    let longest_turn_ms = 0;
    const ask = () => reporter.report({ window_s: GATES * STEP_S, repository: "*", sees: () => true, operator: true });
    const cpu_ms = await leastCpuMs(RUNS, ask);
    const { p50, p99 } = await percentiles(RUNS, async () => {
      let last = performance.now();
      const beat = setInterval(() => {
        longest_turn_ms = Math.max(longest_turn_ms, performance.now() - last);
        last = performance.now();
      }, 1);
      const { gates } = await ask();
      clearInterval(beat);
      if (gates.counted !== GATES) throw new Error(`${gates.counted} of ${GATES} gates were counted`);
    });
    figure({ figure: `report over ${GATES} gates, processor time`, value: cpu_ms, unit: "ms", better: "less", note: `least of ${RUNS}; what it takes on a machine with nothing else to do` });
    figure({ figure: `report over ${GATES} gates, p50 of ${RUNS}`, value: p50, unit: "ms", better: "less", goal: { value: 300 } });
    figure({ figure: `report over ${GATES} gates, slowest of ${RUNS}`, value: p99, unit: "ms", better: "less" });
    figure({ figure: "longest that others wait meanwhile", value: longest_turn_ms, unit: "ms", better: "less", note: "rows are read 500 at a time; the count at the end is one turn" });
  } finally {
    await store.close();
    rmSync(state_dir, { recursive: true, force: true });
  }
};
