/** `maestro invariants test` and `generate`: do the rules hold of the code they are about? */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { PROPERTY_RUNS_MAX, type PropertyRow } from "../../../proto/property.ts";
import { counterexampleLines } from "../card/counterexample.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { type Invocation, textOf } from "../command.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { generatedTest, propertyRuns } from "./runs.ts";

const WORDS = { pass: "pass", fail: "FAIL", unavailable: "UNKNOWN" } as const;
const SECOND_US = 1e6;

function rowLines({ target, invariant, outcome, us }: PropertyRow): string[] {
  const head = `${WORDS[outcome.result].padEnd(8)} ${target.padEnd(20)} ${invariant}`;
  if (outcome.result === "unavailable") return [`${head}  ${outcome.reason}: ${outcome.because}`];
  const { counts } = outcome;
  const left_out = counts.skipped === 0 ? "" : `pre left ${counts.skipped} out, `;
  const ran = `${counts.cases} cases, ${counts.calls} calls, ${left_out}${counts.asked} times asked, ${(us / SECOND_US).toFixed(1)} s`;
  if (outcome.result === "pass") return [`${head}  ${ran}`, ...outcome.unmet.map((path) => `    ${path}: what it is conditional on never came up in the cases from outside, so of what it asks then nothing is known`)];
  return [`${head}  ${ran}`, ...counterexampleLines(outcome.counterexample).map((line) => `    ${line}`)];
}

/** The places absolute, whole numbers alone; each option as the program takes it. */
function passedOn({ values }: Invocation): string[] {
  const wholes: Readonly<Record<string, number>> = { seed: 2 ** 31, runs: PROPERTY_RUNS_MAX };
  const places = [`--tree=${process.cwd()}`, `--folder=${resolve(textOf(values, "folder") ?? "invariants")}`];
  const others = ["invariant", "seed", "path", "runs"].flatMap((name) => {
    const text = textOf(values, name);
    if (text === undefined) return [];
    const most = wholes[name];
    if (most !== undefined && !(/^-?[0-9]{1,10}$/.test(text) && Math.abs(Number(text)) <= most && (name === "seed" || Number(text) > 0))) throw new MaestroError("cli.usage", `--${name} takes a whole number up to ${most}, not ${JSON.stringify(text)}`);
    if (name === "path" && !/^[0-9]+(?::[0-9]+)*$/.test(text)) throw new MaestroError("cli.usage", `--path takes numbers with colons, as a failure prints them, not ${JSON.stringify(text)}`);
    return [`--${name}=${text}`];
  });
  return [...places, ...others];
}

/** 0: every rule holds. 1: one is broken. 3: one could not be told, and none is broken. */
export async function testProperties(invocation: Invocation, names: readonly string[]): Promise<number> {
  const json = invocation.values["json"] === true;
  const report = await propertyRuns([...passedOn(invocation), "--", ...names], (row) => {
    if (!json) print(rowLines(row).map((line) => escapeTerminal(line)).join("\n"));
  });
  if (json) printJson(report);
  const results = report.rows.map(({ outcome }) => outcome.result);
  return results.includes("fail") ? EXIT.refuse : results.includes("unavailable") ? EXIT.hold : EXIT.admit;
}

/** Prints the test, or writes it where nothing is yet. */
export async function generateTest(invocation: Invocation, names: readonly string[]): Promise<number> {
  const out = textOf(invocation.values, "out");
  if (names.length !== 1) throw new MaestroError("cli.usage", "invariants generate takes one target");
  if (out !== undefined && existsSync(out)) throw new MaestroError("cli.usage", `${out} is there already, and somebody may have changed it; remove it, or choose another name`);
  const text = await generatedTest([...passedOn(invocation), `--out=${resolve(out ?? "property.test.ts")}`, "--", ...names]);
  if (out === undefined) process.stdout.write(text);
  else {
    await Bun.write(out, text);
    note(`maestro: wrote ${out}; run it with bun test ${out}`);
  }
  return EXIT.admit;
}
