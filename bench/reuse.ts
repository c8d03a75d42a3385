/** What re-using outcomes saves where nothing of their inputs changed: a change whose base moved, and the same change rebased. Against itself with --rerun. */
import type { CardCheck, Timings } from "../proto/card.ts";
import { World } from "../daemon/e2e/testing/world.ts";
import type { Source } from "../daemon/platform/git/testing/scratch.ts";
import { type Bench, median, type PrintFigure } from "./figure.ts";

const FILES = 40;
const LINES = 150;
const ROUNDS = 5;

interface Gated {
  readonly timings: Timings;
  readonly card: { readonly checks: readonly CardCheck[] };
}

const text = (name: string): string => Array.from({ length: LINES }, (_, i) => `export const ${name}_${i} = ${i} * ${i % 7};`).join("\n");
const files = (round: number): Record<string, string> => Object.fromEntries(Array.from({ length: FILES }, (_, i) => [`src/part-${round}/file-${i}.ts`, text(`value_${round}_${i}`)]));

async function gate(world: World, source: Source, head: string, ...more: string[]): Promise<Gated> {
  const { code, stdout, stderr } = await world.run(["gate", source.path, "--embedded", "--json", "--target", "main", "--head", head, ...more]);
  if (![0, 1, 3].includes(code)) throw new Error(`maestro gate ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Gated;
}

const reused = ({ card }: Gated): number => card.checks.filter((check) => check.reused !== undefined).length;

function print(figure: PrintFigure, name: string, kept: readonly Gated[], asked: readonly Gated[]): void {
  const checks = (gated: readonly Gated[]): number => median(gated.map(({ timings }) => timings.checks_us / 1000));
  const whole = (gated: readonly Gated[]): number => median(gated.map(({ timings }) => timings.total_us / 1000));
  const note = `${median(kept.map(reused))} of ${kept[0]?.card.checks.length ?? 0} checks re-used; ${FILES} files of ${LINES} lines`;
  figure({ figure: `checks of a change ${name}, p50`, value: checks(kept), unit: "ms", better: "less", peer: { name: "the same with --rerun", value: checks(asked) }, goal: { ratio: 1 }, note });
  figure({ figure: `gate of a change ${name}, in the daemon after intake, p50`, value: whole(kept), unit: "ms", better: "less", peer: { name: "the same with --rerun", value: whole(asked) }, note: "facts, policy and evidence are made anew each time: they are about this head on this base" });
}

const COMMAND_S = 2;
const CONFIG = `version: 1\ncommands:\n  slow:\n    run: [sleep, "${COMMAND_S}"]\n    inputs: ["src/**"]\n    reuse: true\n`;

/** A tool that takes two seconds, on a change that is put on top of a base that moved beside it. */
async function commanded(world: World, figure: PrintFigure): Promise<void> {
  const source = await world.repository({ "maestro.yaml": CONFIG, "src/a.ts": "export {};\n" });
  const [kept, asked]: [Gated[], Gated[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    const branch = `commanded-${round}`;
    source.git("switch", "-qc", branch, "main");
    await source.commit({ [`src/round-${round}.ts`]: "export {};\n" });
    await gate(world, source, branch);
    source.git("switch", "-q", "main");
    await source.commit({ [`other/${round}.ts`]: "export {};\n" });
    source.git("rebase", "-q", "main", branch);
    source.git("switch", "-q", "main");
    kept.push(await gate(world, source, branch));
    asked.push(await gate(world, source, branch, "--no-reuse"));
  }
  const whole = (gated: readonly Gated[]): number => median(gated.map(({ timings }) => timings.total_us / 1000));
  const again = kept.filter(({ card }) => card.checks.some(({ check, reused }) => check === "command.slow" && reused !== undefined)).length;
  figure({ figure: `gate of a rebased change with a command of ${COMMAND_S} s, in the daemon after intake, p50`, value: whole(kept), unit: "ms", better: "less", peer: { name: "the same with --no-reuse", value: whole(asked) }, goal: { ratio: 1 }, note: `its answer was used again in ${again} of ${ROUNDS}; before each the top of the machine's /usr is looked at` });
}

export const bench: Bench = async (figure) => {
  const world = new World();
  try {
    if (Bun.which("bwrap") === null) process.stderr.write("SKIPPED: a command's answer used again: needs bubblewrap\n");
    else await commanded(world, figure);
    const source = await world.repository();
    const moved = { kept: [] as Gated[], asked: [] as Gated[] };
    const rebased = { kept: [] as Gated[], asked: [] as Gated[] };
    for (let round = 0; round < ROUNDS; round++) {
      const branch = `change-${round}`;
      source.git("switch", "-qc", branch, "main");
      await source.commit(files(round));
      await gate(world, source, branch);
      source.git("switch", "-q", "main");
      await source.commit({ [`other/${round}.ts`]: "export {};\n" });
      moved.kept.push(await gate(world, source, branch));
      moved.asked.push(await gate(world, source, branch, "--rerun"));
      await source.commit({ [`other/again-${round}.ts`]: "export {};\n" });
      source.git("rebase", "-q", "main", branch);
      source.git("switch", "-q", "main");
      rebased.kept.push(await gate(world, source, branch));
      rebased.asked.push(await gate(world, source, branch, "--rerun"));
    }
    print(figure, "whose base moved", moved.kept, moved.asked);
    print(figure, "that was rebased", rebased.kept, rebased.asked);
  } finally {
    await world.dispose();
  }
};
