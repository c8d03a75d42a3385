/** What the intervals of an evaluation promise, over worlds whose truth is known: 200 logs of each, from rows to report. */
import { expect, test } from "bun:test";
import { createOffPolicy } from "../kernels/ope/index.ts";
import type { EvaluationReport } from "../proto/evaluation.ts";
import { createColumns } from "../daemon/learning/evaluation/columns.ts";
import { evaluated } from "../daemon/learning/evaluation/report.ts";
import type { RoutingPolicy } from "../proto/routing-policy.ts";
import type { LogRow } from "../daemon/learning/evaluation/row.ts";
import { always, candidateOf, dice, gainOf, harmOf, logOf, routerOf, sharesOf, type WorldOptions } from "../daemon/learning/evaluation/testing/worlds.ts";

const RUNS = 200;
/** The logs are the same in each run, so no luck is allowed for. */
const COVERED_MIN = 0.95 * RUNS;
const DEADLINE_MS = 600_000;
const kernel = createOffPolicy();
const NAMED = { candidate: "c".repeat(64), rows_sha256: "d".repeat(64), left_out: 0 } as const;

function reportOf(options: WorldOptions, rows: number, seed: number): EvaluationReport {
  const [router, policy] = [routerOf(options), candidateOf(options)];
  const columns = createColumns(router, policy);
  for (const row of logOf(options, rows, seed)) columns.add(row);
  return evaluated(kernel, { router, policy, tried: 1, ...NAMED }, columns.taken());
}

const MOMENTS = Array.from({ length: 1_000 }, (_, i) => (i + 0.5) / 1_000);
const mean = (of: (at: number) => number): number => MOMENTS.reduce((sum, at) => sum + of(at), 0) / MOMENTS.length;

const WORLDS: Readonly<Record<string, { readonly options: WorldOptions; readonly rows: number }>> = {
  "two arms, often drawn": { rows: 2_000, options: { arms: [{ share: 0.7, reward: always(0.5) }, { share: 0.3, reward: always(0.7) }], favourite: 1 } },
  "a heavy tail of weights": { rows: 4_000, options: { arms: [0.7, 0.2, 0.04, 0.04, 0.02].map((share, place) => ({ share, reward: always(place === 4 ? 0.6 : 0.5) })), favourite: 4 } },
  "rewards that hardly ever come": { rows: 4_000, options: { arms: [{ share: 0.6, reward: always(0.004) }, { share: 0.3, reward: always(0.006) }, { share: 0.1, reward: always(0.01) }], favourite: 2 } },
  "rewards that drift": { rows: 2_000, options: { arms: [{ share: 0.6, reward: (at) => 0.3 + 0.4 * at }, { share: 0.4, reward: (at) => 0.9 - 0.7 * at }], favourite: 1 } },
};

test.each(Object.entries(WORLDS))("%s: proven intervals cover", (name, { options, rows }) => {
  const gain = mean((at) => gainOf(options, at));
  const value = mean((at) => sharesOf(options).reduce((sum, p, place) => sum + p * (options.arms[place]?.reward(at) ?? 0), 0));
  const covered = new Map<string, { runs: number; guaranteed: boolean }>();
  for (let seed = 0; seed < RUNS; seed++) {
    for (const { of, estimator, method, lower, upper, guarantee } of reportOf(options, rows, seed).intervals) {
      const truth = of === "gain" ? gain : value;
      const key = `${of} ${method === "betting" || method === "empirical-bernstein" ? "" : estimator} ${method}`;
      const entry = covered.get(key) ?? { runs: 0, guaranteed: guarantee === "finite-sample" || guarantee === "anytime" };
      if (lower !== null && upper !== null && lower <= truth && truth <= upper) entry.runs++;
      covered.set(key, entry);
    }
  }
  process.stderr.write(`${name}: ${[...covered].map(([key, { runs, guaranteed }]) => `${key} ${runs}${guaranteed ? "*" : ""}`).join(", ")} of ${RUNS} (* proven)\n`);
  const short = [...covered].filter(([, { runs, guaranteed }]) => guaranteed && runs < COVERED_MIN);
  expect([...covered.values()].filter(({ guaranteed }) => guaranteed).length).toBe(5);
  expect(short).toEqual([]);
}, DEADLINE_MS);

/** Two arms that bring the same, over many places of which each is a question of its own. */
test("a candidate that is put together from the reports on many others is let in over the same rows, and hardly ever over fresh ones", () => {
  const [places, rows, logs] = [160, 4_000, 4];
  const values = Array.from({ length: places }, (_, place) => `p${place}`);
  const options: WorldOptions = { arms: [{ share: 0.5, reward: always(0.5) }, { share: 0.5, reward: always(0.5) }], favourite: 1, epsilon: 0.02 };
  const router = { ...routerOf(options), context: [{ name: "size", type: "choice" as const, values }] };
  const written = (better: (place: number) => boolean | null): RoutingPolicy => ({
    ...candidateOf(options), buckets: [{ field: "size", values }],
    cells: values.map((_, place) => ({ at: [place], seen: ["arm-0", "arm-1"].map((arm, nth) => ({ arm, count: 1_000, mean: better(place) === null ? 0.5 : better(place) === (nth === 1) ? 0.9 : 0.1 })) })),
  });
  const logged = (seed: number): LogRow[] => {
    const roll = dice(seed);
    return [...logOf(options, rows, seed)].map((row) => ({ ...row, context: { size: values[Math.floor(roll() * places)] ?? "" } }));
  };
  const asked = (policy: RoutingPolicy, log: readonly LogRow[], tried: number): EvaluationReport => {
    const columns = createColumns(router, policy);
    for (const row of log) columns.add(row);
    return evaluated(kernel, { router, policy, tried, ...NAMED }, columns.taken());
  };
  const verdicts = Array.from({ length: logs }, (_, seed) => {
    const log = logged(seed + 5);
    const read = values.map((_, place) => asked(written((one) => (one === place ? true : null)), log, place + 1).gain.estimate ?? 0);
    const best = written((place) => (read[place] ?? 0) > 0);
    return [asked(best, log, places + 1).verdict, asked(best, [...log.filter(({ safety }) => !safety), ...logged(seed + 900).filter(({ safety }) => safety)], places + 1).verdict];
  });
  process.stderr.write(`written by reports, over the same rows and over fresh ones: ${JSON.stringify(verdicts)}\n`);
  expect(verdicts.filter(([same]) => same === "promote").length).toBeGreaterThan(logs / 2);
  expect(verdicts.filter(([, fresh]) => fresh === "promote").length).toBe(0);
}, DEADLINE_MS);

test("rare harm, from rows to verdict: hardly a harmful candidate is let in over 400 logs, and one that does no harm is, once there are rows enough", () => {
  const rare = (harm: number, harm_max: number): WorldOptions => ({ arms: [0.7, 0.2, 0.04, 0.04, 0.02].map((share, place) => ({ share, reward: always(place === 4 ? 0.6 : 0.5), harm: place === 4 ? harm : 0 })), favourite: 4, harm_max });
  expect(harmOf(rare(0.0125, 0.005))).toBeGreaterThan(0.009);
  const verdicts = Array.from({ length: 400 }, (_, seed) => reportOf(rare(0.0125, 0.005), 4_000, seed).verdict);
  const wrong = verdicts.filter((verdict) => verdict === "promote").length;
  process.stderr.write(`rare harm: ${wrong} of 400 let in\n`);
  expect(wrong).toBeLessThanOrEqual(20);
  expect(reportOf(rare(0, 0.005), 200_000, 1).verdict).toBe("promote");
}, DEADLINE_MS);
