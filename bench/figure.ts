/** How a bench prints what it measured: one JSON line per figure, the same fields everywhere. */
import { cpus } from "node:os";
import { join } from "node:path";

/** What a bench says of one figure; the printer adds machine and commit. */
export interface FigureInput {
  /** What was measured, in words, with the size of the input. */
  readonly figure: string;
  readonly value: number;
  /** `ms`, `ns per leaf`, `MB`, ... */
  readonly unit: string;
  /** Whether a smaller or a larger value is the better one. */
  readonly better: "less" | "more";
  /** Another program that did the same work in the same run. */
  readonly peer?: { readonly name: string; readonly value: number };
  /** What we aim at: a bound on the value, or on the ratio to the peer. */
  readonly goal?: { readonly value?: number; readonly ratio?: number };
  /** A bar, not a goal: missing it fails the bench. */
  readonly hard?: boolean;
  /** What a reader must know to read the figure rightly, such as why the peer wins. */
  readonly note?: string;
}

export type PrintFigure = (figure: FigureInput) => void;

/** A bench file exports one of these as `bench`. */
export type Bench = (figure: PrintFigure) => Promise<void> | void;

export interface FigureLine {
  readonly bench: string;
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  readonly peer: string | null;
  readonly peer_value: number | null;
  /** How many times better than the peer; below 1 the peer wins. */
  readonly ratio: number | null;
  readonly machine: string;
  readonly commit: string;
  readonly goal: string | null;
  readonly met: boolean | null;
  readonly note: string | null;
}

const round = (value: number): number => Number(value.toPrecision(4));

/** Processor model and the number of cores this process sees. */
export function machineName(): string {
  const all = cpus();
  return `${all[0]?.model.trim() ?? "unknown processor"}, ${all.length} cores`;
}

/** The commit that runs, with `-dirty` where the checkout differs from it; `unknown` outside git. */
export function commitId(): string {
  const git = Bun.spawnSync(["git", "describe", "--always", "--dirty", "--exclude=*"], { cwd: join(import.meta.dir, "..") });
  return git.exitCode === 0 ? git.stdout.toString().trim() : "unknown";
}

/** The line of one figure. */
export function figureLine(bench: string, input: FigureInput, machine: string, commit: string): FigureLine {
  const { figure, value, unit, better, peer, goal } = input;
  const ratio = peer === undefined ? null : better === "less" ? peer.value / value : value / peer.value;
  const sign = better === "less" ? "<=" : ">=";
  const bars: string[] = [];
  let met = true;
  if (goal?.value !== undefined) {
    bars.push(`${sign} ${goal.value} ${unit}`);
    met &&= better === "less" ? value <= goal.value : value >= goal.value;
  }
  if (goal?.ratio !== undefined) {
    bars.push(`ratio >= ${goal.ratio}`);
    // Without a peer in this run nothing was compared, so nothing was met.
    met &&= ratio !== null && ratio >= goal.ratio;
  }
  return {
    bench,
    figure,
    value: round(value),
    unit,
    peer: peer?.name ?? null,
    peer_value: peer === undefined ? null : round(peer.value),
    ratio: ratio === null ? null : round(ratio),
    machine,
    commit,
    goal: bars.length === 0 ? null : bars.join(", "),
    met: bars.length === 0 ? null : met,
    note: input.note ?? null,
  };
}

/** Milliseconds of processor time, user and system, that all threads of this process spend in `work`; the least of `runs`. */
export async function leastCpuMs(runs: number, work: () => unknown): Promise<number> {
  let least = Infinity;
  for (let run = 0; run < runs; run++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

/** The value below which `share` of the values lie; `NaN`, which meets no goal, where there is none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** Milliseconds that each of `runs` takes, at the middle and at the slow end. */
export async function percentiles(runs: number, work: (run: number) => unknown): Promise<{ readonly p50: number; readonly p99: number }> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    await work(run);
    times.push(performance.now() - start);
  }
  return { p50: median(times), p99: percentile(times, 0.99) };
}
