/** The last 200 changes of a repository, judged read-only: one the bench makes, and one that `MAESTRO_REPLAY_REPO` names. */
import { statSync } from "node:fs";
import { basename } from "node:path";
import { World } from "../daemon/e2e/testing/world.ts";
import type { Bench, PrintFigure } from "./figure.ts";
import { makeHistory } from "./rig/history.ts";

const FILES = 300;
const CHANGES = 200;
const GOAL_S = 60;

interface Replayed {
  readonly summary: { readonly changes: number; readonly verdicts: Readonly<Record<string, number>> };
  readonly changes: readonly { readonly unavailable: readonly string[] }[];
}

async function replay(figure: PrintFigure, world: World, repository: string, name: string): Promise<void> {
  const started = performance.now();
  const { code, stdout, stderr } = await world.run(["replay", repository, "--embedded", "--json", "--last", String(CHANGES)]);
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`maestro replay ended with ${code}: ${stderr}`);
  const { summary, changes } = JSON.parse(stdout) as Replayed;
  const blind = changes.filter(({ unavailable }) => unavailable.length > 0).length;
  if (blind > 0) throw new Error(`${blind} of ${summary.changes} changes had a check that was unavailable`);
  const note = `${JSON.stringify(summary.verdicts)}; whole process, daemon already running; no peer: nothing else judges a history this way`;
  const goal = summary.changes === CHANGES ? { goal: { value: GOAL_S } } : {};
  figure({ figure: `replay of ${summary.changes} changes of ${name}`, value: seconds, unit: "s", better: "less", ...goal, note });
}

export const bench: Bench = async (figure) => {
  const world = new World();
  try {
    const made = world.path("made");
    makeHistory(made, FILES, CHANGES);
    // Starts the daemon, which is not part of the figure.
    await world.run(["replay", made, "--embedded", "--json", "--last", "1"]);
    await replay(figure, world, made, `a made repository of ${FILES} files`);
    const named = process.env["MAESTRO_REPLAY_REPO"];
    if (named === undefined || named === "") return;
    if (!statSync(named).isDirectory()) throw new Error("MAESTRO_REPLAY_REPO is no folder");
    await replay(figure, world, named, basename(named));
  } finally {
    await world.dispose();
  }
};
