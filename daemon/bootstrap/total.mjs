/** Counts of several runs as one: `node daemon/bootstrap/total.mjs NAME=FILE...`, where FILE is what a run left at `MAESTRO_RESULTS`. The last line is the sum. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { recapOf } from "./recap.mjs";
import { countLine, finish } from "./tests.mjs";

const isCount = (value) => Number.isSafeInteger(value) && value >= 0;

/** A run that left no counts did not come to its end, which is a failure whatever its exit code. */
export function readResults(name, path) {
  try {
    const { passed, failed, skipped, failures } = JSON.parse(readFileSync(path, "utf8"));
    if ([passed, failed, skipped].every(isCount) && Array.isArray(failures)) return { name, passed, failed, skipped, failures };
    throw new Error("they are no counts");
  } catch (error) {
    return { name, passed: 0, failed: 1, skipped: 0, failures: [{ file: name, said: `maestro: ${name} left no counts, which counts as one failure: ${error.message}\n` }] };
  }
}

export function totalOf(runs) {
  const sum = (key) => runs.reduce((total, run) => total + run[key], 0);
  return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped"), failures: runs.flatMap(({ failures }) => failures) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const runs = process.argv.slice(2).map((arg) => readResults(arg.slice(0, arg.indexOf("=")), arg.slice(arg.indexOf("=") + 1)));
  const total = totalOf(runs);
  process.stderr.write(`${recapOf(total.failures)}\n${runs.map((run) => `${run.name}: ${countLine(run)}\n`).join("")}`);
  process.exitCode = finish(total);
}
