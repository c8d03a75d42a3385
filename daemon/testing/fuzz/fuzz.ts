/** Feeds a parser what is almost right and sees that it answers: with a value or a refusal of its own, in bounded time. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cpuMs } from "../cpu.ts";
import { diceOf, mutated } from "./mutate.ts";

export interface Target {
  readonly name: string;
  /** Sound inputs that every mutant comes from. */
  readonly sound: readonly Uint8Array[];
  /** Reads one input; what it throws must be a refusal. May hold more than that by throwing an `Error` of its own. */
  readonly read: (bytes: Uint8Array) => unknown;
  /** Whether this is how the parser says no. */
  readonly refuses: (error: unknown) => boolean;
  /** Processor time for the longest input; a hang is far above it. */
  readonly input_ms_max: number;
}

export interface Fuzzed {
  readonly inputs: number;
  readonly taken: number;
  readonly refused: number;
  readonly slowest_ms: number;
  /** What went wrong, with the input in base64 for the corpus. */
  readonly wrong: readonly string[];
}

const CORPUS = join(import.meta.dir, "corpus");
const WRONG_MAX = 5;

/** Inputs that once broke something; one file each. Mutants come from sound inputs: these here are as slow as they are bad. */
export function corpusOf({ name }: Target): readonly Uint8Array[] {
  const folder = join(CORPUS, name);
  return existsSync(folder) ? readdirSync(folder).sort().map((file) => new Uint8Array(readFileSync(join(folder, file)))) : [];
}

/** The corpus as it is, then `inputs` mutants or as many as fit into `budget_ms` of processor time. */
export async function fuzz(target: Target, seed: number, inputs: number, budget_ms: number): Promise<Fuzzed> {
  const corpus = corpusOf(target);
  const dice = diceOf(seed);
  const ends_ms = cpuMs() + budget_ms;
  const fuzzed = { inputs: 0, taken: 0, refused: 0, slowest_ms: 0, wrong: [] as string[] };
  const all = [...corpus, ...target.sound];
  for (let i = 0; i < all.length + inputs && fuzzed.wrong.length < WRONG_MAX; i++) {
    if (i >= all.length && cpuMs() > ends_ms) break;
    await one(target, all[i] ?? mutated(target.sound, dice), fuzzed);
  }
  return fuzzed;
}

async function one(target: Target, bytes: Uint8Array, fuzzed: { -readonly [K in keyof Fuzzed]: Fuzzed[K] extends readonly string[] ? string[] : Fuzzed[K] }): Promise<void> {
  const wrong = (what: string): void => void fuzzed.wrong.push(`${target.name}: ${what}: ${Buffer.from(bytes).toString("base64")}`);
  fuzzed.inputs += 1;
  const began_ms = cpuMs();
  try {
    await target.read(bytes);
    fuzzed.taken += 1;
  } catch (error) {
    if (target.refuses(error)) fuzzed.refused += 1;
    else wrong(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const took_ms = cpuMs() - began_ms;
  fuzzed.slowest_ms = Math.max(fuzzed.slowest_ms, took_ms);
  if (took_ms > target.input_ms_max) wrong(`took ${Math.round(took_ms)} ms`);
}
