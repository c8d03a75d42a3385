/** A small change through the whole gate on a warm daemon: the real command line, socket, check processes and log. */
import { World } from "../daemon/e2e/testing/world.ts";
import { type Bench, median, type PrintFigure } from "./figure.ts";
import { makeBranches } from "./rig/history.ts";
import type { Timings } from "../proto/card.ts";

const FILES = 300;
const WARM_UP = 3;
const GATES = 12;
const TOTAL_MS = 1_000;
const NO_PEER = "no peer: no other program does this work, and the scanners that do a part of it are not in this run";

interface Gated {
  readonly wall_ms: number;
  /** As the command line printed it on stderr: its own time from the first byte to the daemon's answer. */
  readonly intake_ms: number;
  readonly timings: Timings;
}

function milliseconds(stderr: string, step: string): number {
  const [, value, unit] = new RegExp(`^  ${step}\\s+([0-9.]+) (ms|s)`, "m").exec(stderr) ?? [];
  if (value === undefined) throw new Error(`no line for ${step} in ${stderr}`);
  return Number(value) * (unit === "s" ? 1000 : 1);
}

async function gateOnce(world: World, repository: string, branch: string): Promise<Gated> {
  const started = performance.now();
  const { code, stdout, stderr } = await world.run(["gate", repository, "--embedded", "--json", "--target", "main", "--head", branch]);
  const wall_ms = performance.now() - started;
  if (![0, 1, 3].includes(code)) throw new Error(`maestro gate ended with ${code}: ${stderr}`);
  const { timings, recorded, verified } = JSON.parse(stdout) as { timings: Timings; recorded: boolean; verified: string };
  if (recorded || verified !== "verified") throw new Error(`${branch} was not gated afresh, or its evidence is ${verified}`);
  return { wall_ms, intake_ms: milliseconds(stderr, "intake"), timings };
}

function print(figure: PrintFigure, gated: readonly Gated[]): void {
  const of = (read: (gate: Gated) => number): number => median(gated.map(read));
  const step = (name: string, value: number, note?: string): void =>
    figure({ figure: `gate of a small change, warm, ${name}, p50`, value, unit: "ms", better: "less", ...(note === undefined ? {} : { note }) });
  step("intake", of((gate) => gate.intake_ms), "pack-objects at the client, socket, index-pack --strict, connectivity");
  step("facts", of(({ timings }) => timings.facts_us / 1000));
  step("checks", of(({ timings }) => timings.checks_us / 1000));
  step("policy", of(({ timings }) => timings.policy_us / 1000), "a fresh instance of the policy for each change");
  step("evidence", of(({ timings }) => timings.evidence_us / 1000), "leaves, signature, log entry, flushed to disk");
  step("in the daemon after intake", of(({ timings }) => timings.total_us / 1000));
  const total = of((gate) => gate.intake_ms + gate.timings.total_us / 1000);
  figure({ figure: "gate of a small change, warm, intake to durable verdict, p50", value: total, unit: "ms", better: "less", goal: { value: TOTAL_MS }, note: NO_PEER });
  const wall = of(({ wall_ms }) => wall_ms);
  const note = "process start to exit: git at the client, the gate, our own verification of the evidence";
  figure({ figure: "maestro gate of a small change, warm, whole process, p50", value: wall, unit: "ms", better: "less", goal: { value: TOTAL_MS }, note });
}

export const bench: Bench = async (figure) => {
  const world = new World();
  try {
    const repository = world.path("made");
    makeBranches(repository, FILES, WARM_UP + GATES);
    const gated: Gated[] = [];
    for (let i = 1; i <= WARM_UP + GATES; i++) gated.push(await gateOnce(world, repository, `change-${i}`));
    print(figure, gated.slice(WARM_UP));
  } finally {
    await world.dispose();
  }
};
