/**
 * `npm run eval`: what drafts are worth, by path, where there is no network. Exit 0 where everything was asked; the figures are the result, not a bar,
 * but for two that make them worth reading: nobody who does not read passes 40 % of a whole set, and the scenarios are the frozen ones. Of the held-out set
 * only figures are shown, as who mends rules by what it asks has no held-out set any more; `--reveal` shows the rest.
 */
import { parseArgs } from "node:util";
import { World } from "../../daemon/e2e/testing/world.ts";
import { commitId, machineName } from "../figure.ts";
import { askingDaemon, PATHS, UNREAD, unread, withModel, withoutModels, type Answerer, type Path } from "./asking.ts";
import { evaluate, type Evaluated } from "./evaluation.ts";
import { spread } from "./figures.ts";
import { Bench } from "./grading.ts";
import { again, withoutMark } from "./isolated.ts";
import { covered, reported, summary, type Report } from "./report.ts";
import { frozenDigest, isSet, readScenarios, scenariosDigest, SETS, withCredentials, type Scenario } from "./scenario.ts";

const UNREAD_MAX = 0.4;
const PERTURB_EVERY = 3;
const OPTIONS = {
  set: { type: "string", default: "development" },
  path: { type: "string", multiple: true },
  only: { type: "string" },
  reveal: { type: "boolean", default: false },
  public: { type: "string", multiple: true },
  "perturb-every": { type: "string", default: String(PERTURB_EVERY) },
  json: { type: "boolean", default: false },
  out: { type: "string" },
} as const;

const isPath = (text: string): text is Path => PATHS.some((path) => path === text);

async function evaluated(name: string, answerer: Answerer, scenarios: readonly Scenario[], settings: Parameters<typeof evaluate>[2]): Promise<Evaluated> {
  settings.say(`# ${name}`);
  return evaluate(answerer, scenarios, settings);
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: withoutMark(args), options: OPTIONS });
  const named = values.path ?? ["rules"];
  const paths = named.filter(isPath);
  if (paths.length !== named.length) throw new Error(`a path is one of ${PATHS.join(", ")}`);
  const { set } = values;
  if (!isSet(set)) throw new Error(`a set is one of ${SETS.join(", ")}`);
  const all = readScenarios(set);
  const scenarios_sha256 = scenariosDigest(all);
  if (scenarios_sha256 !== frozenDigest(set)) throw new Error("the scenarios are not the frozen ones; a change of them is a new set with a digest of its own");
  const only = new RegExp(values.only ?? "");
  const scenarios = all.filter(({ id }) => only.test(id)).map(withCredentials);
  if (scenarios.length === 0) throw new Error(`no scenario is called like ${only.source}`);
  const bench = new Bench();
  const world = new World();
  const started = performance.now();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const open = set !== "held-out" || values.reveal;
  const settings = { folders: values.public ?? [], bench, say: open ? say : (): void => undefined, perturb_every: Number(values["perturb-every"]) };
  try {
    const floors = [];
    for (const name of UNREAD) floors.push({ name, ...(await evaluated(name, unread(name), scenarios, { ...settings, perturb_every: 0, say: () => undefined })) });
    const asking = paths.every((path) => path === "rules") ? withoutModels(world) : await withModel(world);
    const ways = [];
    for (const path of paths) ways.push({ name: path, ...(await evaluated(path, askingDaemon(asking, path), scenarios, settings)) });
    const report: Report = reported({ set, scenarios_sha256, machine: machineName(), commit: commitId(), wall_s: (performance.now() - started) / 1_000, floors, ways });
    const shown = open ? report : covered(report);
    if (values.out !== undefined) await Bun.write(values.out, `${JSON.stringify(shown)}\n`);
    process.stdout.write(values.json ? `${JSON.stringify(shown)}\n` : summary(shown));
    if (values.only !== undefined) return 0;
    const best = Math.max(...floors.map(({ results }) => spread(results).passed));
    if (best >= UNREAD_MAX) say(`somebody who does not read passes ${(best * 100).toFixed(0)} %: these scenarios say nothing`);
    return best >= UNREAD_MAX ? 1 : 0;
  } finally {
    bench.dispose();
    await world.dispose();
  }
}

const args = process.argv.slice(2);
process.exitCode = (await again(args)) ?? (await main(args));
