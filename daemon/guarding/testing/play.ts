/** Plays a scene in a process of its own, so that one mutant never meets another. */
import { MUTANTS, type Mutant } from "./mutants.ts";

export interface Played {
  /** The rule that stopped it, `null` where nothing did; other failures say so. */
  readonly stopped_by: string | null;
  /** The same without the rule. */
  readonly without: string | null;
}

const RUN = Bun.fileURLToPath(new URL("./run.ts", import.meta.url));

/** Throws where the process gave no outcome, such as for a mutant of code that is not there any more. */
export async function playMutant({ id, scene, edits }: Mutant): Promise<Played> {
  const child = Bun.spawn([process.execPath, RUN, scene, id, JSON.stringify(edits)], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  try {
    return JSON.parse(out);
  } catch (cause) {
    throw new Error(`the scene ${scene} gave no outcome: ${err.slice(0, 2_000)}`, { cause });
  }
}

/** The scene with no fault in it. */
export const playSound = (scene: string): Promise<Played> => playMutant({ id: "", scene, edits: [] });

/** A process that lies is no sound scene. */
export const SOUND_SCENES: readonly string[] = [...new Set(MUTANTS.filter(({ edits }) => edits.length > 0).map(({ scene }) => scene))];
