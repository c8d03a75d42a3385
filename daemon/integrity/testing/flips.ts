/** A state folder with work in it, and flips of its bits in children. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { GateResult } from "../../../proto/api.ts";
import { World } from "../../testing/core.ts";
import type { Flip } from "./flipping.ts";

const CHILD = join(import.meta.dir, "flipping.ts");
const CHILD_DEADLINE_MS = 600_000;

export interface Worked {
  readonly state_dir: string;
  readonly results: readonly GateResult[];
}

/** Real gates of a real repository; the world is stopped, so that its folder stands still. */
export async function worked(world: World, gates: number): Promise<Worked> {
  const source = world.scratch.source();
  const base = await source.commit({ "src/a.ts": "export const a = 1;\n" });
  const results: GateResult[] = [];
  for (let n = 0; n < gates; n++) {
    const head = await source.commit({ [`src/b${n}.ts`]: `export const b = ${n};\n` });
    results.push(await world.gate(await world.received(source, [base, head]), { target_ref: "refs/heads/main", target: base, head }));
  }
  await world.stop();
  return { state_dir: world.state_dir, results };
}

/** One flip per seed in `[from, to)`; a child that dies has detected its flip the hard way. */
export async function flip(state_dir: string, scratch: string, from: number, to: number): Promise<Flip[]> {
  const flips: Flip[] = [];
  for (let next = from; next < to; ) {
    mkdirSync(scratch, { recursive: true });
    const child = Bun.spawn([process.execPath, CHILD, state_dir, scratch, String(next), String(to)], { stdin: "ignore", stdout: "pipe", stderr: "pipe", timeout: CHILD_DEADLINE_MS, killSignal: "SIGKILL" });
    const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    await child.exited;
    const lines = stdout.split("\n").filter((line) => line.endsWith("}"));
    flips.push(...lines.map((line): Flip => JSON.parse(line)));
    next = from + flips.length;
    if (next >= to) break;
    if (child.signalCode === null) throw new Error(`flip ${next}: ${stderr.slice(-2_000)}`);
    flips.push({ seed: next, file: "?", bit: 0, found: "detected", what: `the reader died: ${child.signalCode}` });
    next += 1;
  }
  return flips;
}

/** How many of each kind, and by area, for the test's output. */
export function summary(flips: readonly Flip[]): string {
  const count = (found: Flip["found"]): number => flips.filter((each) => each.found === found).length;
  return `${flips.length} bits: ${count("detected")} detected, ${count("harmless")} harmless, ${count("WRONG")} wrong`;
}
