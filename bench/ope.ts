/** Off-policy statistics over a million rows: the kernel beside numpy, beside the same loop in TypeScript, and beside OBP. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOffPolicy, type Decisions, type Model } from "../kernels/ope/index.ts";
import { type Bench, leastCpuMs, median, type PrintFigure } from "./figure.ts";
import { output } from "./rig/accepts.ts";
import { numpy, obp, vwEstimators } from "./rig/tools.ts";

const ROWS = 1_000_000;
const ROUNDS = 5;
const RUNS = 5;
const SEQUENCE_PEER_ROWS = 20_000;
const RESAMPLED_ROWS = 100_000;
const RESAMPLES = 2_000;
const PEER_RESAMPLES = 100;
const SCRIPT = join(import.meta.dir, "peers/opecheck.py");
const APART_MAX = 1e-9;

/** Plain 32-bit congruences: every machine times the same columns. */
function columnsOf(rows: number): Decisions & Model {
  let state = 1;
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 4_294_967_296;
  const column = (value: () => number): Float64Array => Float64Array.from({ length: rows }, value);
  return { p_eval: column(next), p_log: column(() => 0.05 + 0.95 * next()), reward: column(next), q_logged: column(next), q_pi: column(next) };
}

/** The nine statistics that numpy is asked for, in one loop; variances around the first row, so that they do not cancel. */
function plain({ p_eval, p_log, reward, q_logged, q_pi }: Decisions & Model): number[] {
  const rows = reward.length;
  let [weights, squares, weighted, weighted_squares, clipped, dm, dr, dr_squares, largest] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < rows; i++) {
    const w = (p_eval[i] as number) / (p_log[i] as number);
    const r = reward[i] as number;
    const robust = (q_pi[i] as number) + w * (r - (q_logged[i] as number));
    weights += w;
    squares += w * w;
    weighted += w * r;
    weighted_squares += w * r * (w * r);
    clipped += (w < 10 ? w : 10) * r;
    dm += q_pi[i] as number;
    dr += robust;
    dr_squares += robust * robust;
    if (w > largest) largest = w;
  }
  const variance = (sum: number, squared: number): number => (squared - (sum * sum) / rows) / (rows - 1);
  return [weighted / rows, weighted / weights, clipped / rows, dm / rows, dr / rows, variance(weighted, weighted_squares), variance(dr, dr_squares), largest, (weights * weights) / squares];
}

/** What the kernel makes, in one loop: means of 13 terms and the sums of their squares; unchecked, uncorrected, and around zero. */
function whole({ p_eval, p_log, reward, q_logged, q_pi }: Decisions & Model): number {
  const rows = reward.length;
  const clip = 10, bound = 10, shrink = 100, lambda = 0.1;
  let s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0, s8 = 0, s9 = 0, s10 = 0, s11 = 0, s12 = 0;
  let v0 = 0, v1 = 0, v2 = 0, v3 = 0, v4 = 0, v5 = 0, v6 = 0, v7 = 0, v8 = 0, v9 = 0, v10 = 0, v11 = 0, v12 = 0;
  let weighted = 0, modelled = 0, largest = 0, smallest = 1, zeros = 0;
  for (let i = 0; i < rows; i++) {
    const p = p_log[i] as number;
    const w = (p_eval[i] as number) / p;
    const r = reward[i] as number;
    const q = q_pi[i] as number;
    const residual = r - (q_logged[i] as number);
    const wr = w * r, y = w * residual, clipped = w < clip ? w : clip, soft = w / (1 - lambda + lambda * w);
    const t3 = clipped * r, t4 = soft * r, t5 = wr - r;
    const t8 = q + clipped * residual, t9 = w <= bound ? q + y : q, t10 = q + ((shrink * w) / (w * w + shrink)) * residual, t11 = q + soft * residual, t12 = q + y - r;
    if (w > largest) largest = w;
    if (p < smallest) smallest = p;
    if (w === 0) zeros++;
    s0 += r; v0 += r * r;
    s1 += w; v1 += w * w;
    s2 += wr; v2 += wr * wr;
    s3 += t3; v3 += t3 * t3;
    s4 += t4; v4 += t4 * t4;
    s5 += t5; v5 += t5 * t5;
    s6 += q; v6 += q * q;
    s7 += y; v7 += y * y;
    s8 += t8; v8 += t8 * t8;
    s9 += t9; v9 += t9 * t9;
    s10 += t10; v10 += t10 * t10;
    s11 += t11; v11 += t11 * t11;
    s12 += t12; v12 += t12 * t12;
    weighted += w * wr;
    modelled += q * y;
  }
  // Everything is used, or an engine would leave it out.
  return s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + s10 + s11 + s12 + v0 + v1 + v2 + v3 + v4 + v5 + v6 + v7 + v8 + v9 + v10 + v11 + v12 + weighted + modelled + largest + smallest + zeros;
}

interface Answered {
  readonly cpu_ms: number;
  readonly answer?: readonly number[];
}

const ask = async (packages: string, argv: readonly string[]): Promise<Answered> => JSON.parse(await output(["python3", SCRIPT, ...argv], { env: { PYTHONPATH: packages, OMP_NUM_THREADS: "1" } })) as Answered;

export const bench: Bench = async (figure) => {
  const folder = mkdtempSync(join(tmpdir(), "maestro-bench-ope-"));
  try {
    const log = columnsOf(ROWS);
    for (const [name, column] of Object.entries(log)) writeFileSync(join(folder, `${name}.f64`), new Uint8Array((column as Float64Array<ArrayBuffer>).buffer));
    await statistics(figure, folder, log);
    await sequence(figure, folder, log);
    await resamples(figure, folder, log);
    await besideObp(figure, folder, log);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

async function statistics(figure: PrintFigure, folder: string, log: Decisions & Model): Promise<void> {
  const kernel = createOffPolicy();
  const tool = await numpy();
  const rounds: { readonly ours: number; readonly plain: number; readonly whole: number; readonly theirs: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const ours = await leastCpuMs(RUNS, () => kernel.estimate(log, log));
    const theirs = await ask(tool.path(), ["statistics", folder, String(RUNS)]);
    rounds.push({ ours, plain: await leastCpuMs(RUNS, () => plain(log)), whole: await leastCpuMs(RUNS, () => whole(log)), theirs: theirs.cpu_ms });
    agree(theirs.answer ?? [], kernel.estimate(log, log), plain(log));
  }
  // The ratios of a round, since all three had the same machine in it.
  const middle = (of: (round: (typeof rounds)[number]) => number): number => median(rounds.map(of));
  const value = middle(({ ours }) => ours);
  const note = "processor time; ours makes 13 estimators with their errors, checks every row, and keeps what sums lose; theirs are nine statistics";
  figure({ figure: "estimates of 1,000,000 rows with a model", value, unit: "ms", better: "less", peer: { name: `numpy ${tool.version}`, value: value * middle(({ ours, theirs }) => theirs / ours) }, goal: { value: 8, ratio: 2 }, note });
  figure({ figure: "estimates of 1,000,000 rows with a model, beside the same loop in TypeScript", value, unit: "ms", better: "less", peer: { name: "the same sums in one loop", value: value * middle(({ ours, whole: loop }) => loop / ours) }, note: "the loop checks no row and keeps nothing that sums lose" });
  figure({ figure: "estimates of 1,000,000 rows with a model, beside a smaller loop in TypeScript", value, unit: "ms", better: "less", peer: { name: "numpy's nine statistics in one loop", value: value * middle(({ ours, plain: loop }) => loop / ours) }, note: "a third of the sums" });
  figure({ figure: "estimates of 1,000,000 rows without a model", value: await leastCpuMs(RUNS, () => kernel.estimate(log, null)), unit: "ms", better: "less" });
}

/** A figure of something else than was asked would be worth nothing. */
function agree(theirs: readonly number[], { values, weight_max, ess, rows }: ReturnType<ReturnType<typeof createOffPolicy>["estimate"]>, loop: readonly number[]): void {
  const variance = (se = Number.NaN): number => se * se * rows;
  const ours = [values.ips?.value, values.snips?.value, values.clip_ips?.value, values.dm?.value, values.dr?.value, variance(values.ips?.se), variance(values.dr?.se), weight_max, ess];
  for (const others of [theirs, loop]) {
    ours.forEach((value = Number.NaN, i) => {
      if (!(Math.abs(value / (others[i] ?? Number.NaN) - 1) < APART_MAX)) throw new Error(`statistic ${i}: ${value}, and ${others[i]}`);
    });
  }
}

async function sequence(figure: PrintFigure, folder: string, log: Decisions): Promise<void> {
  const kernel = createOffPolicy();
  const tool = await vwEstimators();
  const ms = await leastCpuMs(RUNS, () => kernel.sequence(log, 0, 1, 0.05, [ROWS]));
  const { cpu_ms } = await ask(tool.path(), ["sequence", folder, String(SEQUENCE_PEER_ROWS)]);
  figure({ figure: "anytime-valid sequence, 1,000,000 rows and its ends", value: ROWS / (ms / 1000), unit: "rows per s", better: "more", peer: { name: `vw-estimators ${tool.version}, ${SEQUENCE_PEER_ROWS} rows`, value: SEQUENCE_PEER_ROWS / (cpu_ms / 1000) }, goal: { value: 10_000_000 } });
  const values = log.reward.subarray(0, RESAMPLED_ROWS);
  figure({ figure: `betting bound of ${RESAMPLED_ROWS} rows`, value: await leastCpuMs(RUNS, () => kernel.bettingLower(values, 0.05)), unit: "ms", better: "less" });
}

async function resamples(figure: PrintFigure, folder: string, { reward }: Decisions): Promise<void> {
  const kernel = createOffPolicy();
  const ms = await leastCpuMs(2, () => kernel.bootstrap(reward.subarray(0, RESAMPLED_ROWS), null, RESAMPLES, 1));
  const tool = await numpy();
  const { cpu_ms } = await ask(tool.path(), ["resamples", folder, String(PEER_RESAMPLES)]);
  figure({ figure: `${RESAMPLES} resamples of ${RESAMPLED_ROWS} rows`, value: ms, unit: "ms", better: "less", peer: { name: `numpy ${tool.version}, ${PEER_RESAMPLES} of them times ${RESAMPLES / PEER_RESAMPLES}`, value: (cpu_ms * RESAMPLES) / PEER_RESAMPLES }, goal: { value: 2_000 } });
}

/** Beside OBP, one estimator at a time, for which its DR wants a model of every action. */
async function besideObp(figure: PrintFigure, folder: string, log: Decisions & Model): Promise<void> {
  const tool = await obp();
  if (tool.version === "missing") {
    process.stderr.write("ope: the comparison with OBP is SKIPPED: it does not install here\n");
    return;
  }
  const theirs = JSON.parse(await output(["python3", SCRIPT, "obp", folder, String(RUNS)], { env: { PYTHONPATH: tool.path(), OMP_NUM_THREADS: "1" } })) as Readonly<Record<string, Answered>>;
  const kernel = createOffPolicy();
  const value = await leastCpuMs(RUNS, () => kernel.estimate(log, log));
  const { values } = kernel.estimate(log, log);
  const ours: Readonly<Record<string, number | undefined>> = { IPS: values.ips?.value, SNIPS: values.snips?.value, DR: values.dr?.value };
  for (const [name, { cpu_ms, answer: [other = Number.NaN] = [] }] of Object.entries(theirs)) {
    if (!(Math.abs((ours[name] ?? Number.NaN) / other - 1) < APART_MAX)) throw new Error(`${name}: ${ours[name]}, and ${other}`);
    figure({ figure: `estimates of 1,000,000 rows with a model, beside OBP's ${name}`, value, unit: "ms", better: "less", peer: { name: `OBP ${tool.version}, ${name} alone, 5 actions`, value: cpu_ms } });
  }
}
