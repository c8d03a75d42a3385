/**
 * Runs benches: `bun bench/index.ts -- NAME...`, or all of them without a name.
 * A bench is a file beside this one that exports `bench`. It fails when it
 * throws or misses a hard bar; a goal missed is printed as missed, and no failure.
 */
import { readdirSync } from "node:fs";
import { type Bench, commitId, type FigureInput, figureLine, machineName } from "./figure.ts";

const NOT_BENCHES = ["index.ts", "figure.ts"];

export const benchNames = (): string[] =>
  readdirSync(import.meta.dir)
    .filter((file) => /^[^.]+\.ts$/.test(file) && !NOT_BENCHES.includes(file))
    .map((file) => file.slice(0, -".ts".length))
    .sort();

/** Runs one bench and says whether it passed. */
export async function runBench(name: string, bench: Bench, print: (line: string) => void): Promise<boolean> {
  const machine = machineName();
  const commit = commitId();
  const missed: string[] = [];
  const figure = (input: FigureInput): void => {
    const line = figureLine(name, input, machine, commit);
    print(JSON.stringify(line));
    if (input.hard === true && line.met !== true) missed.push(`${line.figure}: ${line.value} ${line.unit}, bar ${line.goal}`);
  };
  try {
    await bench(figure);
  } catch (cause) {
    missed.push(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause));
  }
  for (const why of missed) process.stderr.write(`FAILED ${name}: ${why}\n`);
  return missed.length === 0;
}

async function main(args: readonly string[]): Promise<number> {
  const known = benchNames();
  const wanted = args.filter((arg) => arg !== "--");
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    process.stderr.write(`no bench named ${unknown.join(", ")}; there are: ${known.join(", ")}\n`);
    return 2;
  }
  let failed = 0;
  const names = wanted.length > 0 ? wanted : known;
  for (const name of names) {
    const { bench } = (await import(`./${name}.ts`)) as { bench: Bench };
    if (!(await runBench(name, bench, (line) => process.stdout.write(`${line}\n`)))) failed += 1;
  }
  process.stdout.write(`${names.length - failed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
