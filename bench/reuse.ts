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

export const bench: Bench = async (figure) => {
  const world = new World();
  try {
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
