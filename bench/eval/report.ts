/** The result of one evaluation, as a document and as a page of text. */
import type { Evaluated } from "./evaluation.ts";
import { byKind, spread, type Drop, type Result, type Spread } from "./figures.ts";
import { PASS } from "./grading.ts";
import type { Kind, ScenarioSet } from "./scenario.ts";

/** What the source documents ask for: v0.9 E1 says 80 % of tasks offline, at about no cost. */
export const TARGETS = { passed: 0.8, usd_micro: 0 } as const;

interface Input {
  readonly set: ScenarioSet;
  readonly scenarios_sha256: string;
  readonly machine: string;
  readonly commit: string;
  readonly wall_s: number;
  readonly floors: readonly ({ readonly name: string } & Evaluated)[];
  readonly ways: readonly ({ readonly name: string } & Evaluated)[];
}

export interface Way {
  readonly path: string;
  readonly all: Spread;
  readonly kinds: Partial<Record<Kind, Spread>>;
  readonly drops: readonly Drop[];
  readonly usd_micro: number;
  readonly cpu_s: number;
  readonly gpu_s: number;
  /** Which arm answered how often. */
  readonly arms: Readonly<Record<string, number>>;
  readonly models: readonly string[];
  readonly prompts: readonly string[];
  readonly results: readonly Result[];
}
export interface Report extends Omit<Input, "floors" | "ways"> {
  readonly format: 1;
  readonly pass: number;
  readonly targets: typeof TARGETS;
  readonly unread: Readonly<Record<string, Spread>>;
  readonly paths: readonly Way[];
}

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
const distinct = (values: readonly (string | undefined)[]): string[] => [...new Set(values.flatMap((one) => one ?? []))].sort();

function wayOf({ name, results, drops }: Input["ways"][number]): Way {
  const drafts = results.flatMap(({ draft }) => draft ?? []);
  const arms: Record<string, number> = {};
  for (const { path } of drafts) arms[path] = (arms[path] ?? 0) + 1;
  return {
    path: name, all: spread(results), kinds: byKind(results), drops, results, arms,
    usd_micro: sum(drafts.map((one) => one.usd_micro)), cpu_s: sum(drafts.map((one) => one.cpu_us)) / 1e6, gpu_s: sum(drafts.map((one) => one.gpu_us)) / 1e6,
    models: distinct(drafts.map(({ model }) => model)), prompts: distinct(drafts.map(({ prompt }) => prompt)),
  };
}

export const reported = ({ floors, ways, ...rest }: Input): Report => ({
  format: 1, ...rest, pass: PASS, targets: TARGETS, unread: Object.fromEntries(floors.map(({ name, results }) => [name, spread(results)])), paths: ways.map(wayOf),
});

/** Its figures alone: neither what a scenario asks nor what was answered. */
export const covered = (report: Report): Report => ({
  ...report, paths: report.paths.map((way) => ({ ...way, results: way.results.map(({ id, kind, score, absent }) => ({ id, kind, score, missed: [], ...(absent === undefined ? {} : { absent }) })) })),
});

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const line = (name: string, { count, mean, p5, p95, passed }: Spread): string => `  ${name.padEnd(16)} ${String(count).padStart(4)}  passed ${percent(passed).padStart(7)}  mean ${mean.toFixed(3)}  5th ${p5.toFixed(2)}  95th ${p95.toFixed(2)}\n`;

function wayText(way: Way): string {
  const failed = way.results.filter(({ score }) => score < PASS);
  const told = failed.filter(({ absent, missed }) => absent !== undefined || missed.length > 0);
  const why = ({ id, score, absent, missed }: Result): string => `    ${id} ${score.toFixed(2)}: ${absent ?? missed.map(({ check, got }) => (got === 0 ? check : `${check} ${got}`)).join("; ")}\n`;
  return [
    `${way.path}: goal ${percent(TARGETS.passed)} passed, $0.00\n`, line("all", way.all), ...Object.entries(way.kinds).map(([kind, one]) => line(kind, one)),
    ...way.drops.map(({ way: name, count, original, perturbed, drop }) => `  ${name.padEnd(16)} ${String(count).padStart(4)}  mean ${original.toFixed(3)} -> ${perturbed.toFixed(3)}, drop ${drop.toFixed(3)}\n`),
    `  $${(way.usd_micro / 1e6).toFixed(2)}, ${way.cpu_s.toFixed(1)} s of processor, ${way.gpu_s.toFixed(1)} s of GPU; arms ${JSON.stringify(way.arms)}\n`,
    ...way.models.map((one) => `  model ${one}\n`), ...way.prompts.map((one) => `  prompt ${one}\n`), `  not passed: ${failed.length}\n`, ...told.map(why),
  ].join("");
}

export const summary = (report: Report): string =>
  [
    `${report.set} scenarios ${report.scenarios_sha256}\n${report.machine}, commit ${report.commit}, ${report.wall_s.toFixed(0)} s, no network interface\n`,
    "who does not read:\n", ...Object.entries(report.unread).map(([name, one]) => line(name, one)), ...report.paths.map(wayText),
  ].join("");
