import { resolve } from "node:path";
import { EXIT } from "../../../proto/errors.ts";
import type { ModelRow } from "../../../proto/model.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { type CommandModule, textOf } from "../command.ts";
import { printJson } from "../document.ts";
import { modelRuns } from "../modelcheck/runs.ts";
import { traceLines, violationText } from "../modelcheck/written.ts";
import { print } from "../output.ts";

const word = ({ wanted, as_wanted, outcome }: ModelRow): string => {
  if (outcome.result === "unavailable") return "UNKNOWN";
  if (wanted === "pass") return outcome.result === "pass" ? "pass" : "FAIL";
  return as_wanted ? "refused" : "NOT REFUSED";
};

function rowLines(row: ModelRow): string[] {
  const { name, wanted, as_wanted, outcome, cached, us } = row;
  const head = `${word(row).padEnd(12)} ${name.padEnd(24)}`;
  const took = cached ? "known" : `${(us / 1e6).toFixed(1)} s`;
  if (outcome.result === "unavailable") return [`${head} ${outcome.because}`];
  if (outcome.result === "pass") return [`${head} ${outcome.counts.distinct} states, ${took}${as_wanted ? "" : `; it is to be refused with ${wanted}`}`];
  const said = `${head} ${violationText(outcome.violation)}, ${took}`;
  return as_wanted ? [said] : [said, ...traceLines(outcome.trace)];
}

/** 0: all as wanted. 1: one is not. 3: one could not be told, and none is wrong. */
export const run: CommandModule["run"] = async ({ values, positionals }) => {
  const json = values["json"] === true;
  const each = (row: ModelRow): void => {
    if (!json) print(rowLines(row).map((line) => escapeTerminal(line)).join("\n"));
  };
  const report = await modelRuns(resolve(textOf(values, "folder") ?? "specs"), positionals, values["no-cache"] !== true, each);
  if (json) printJson(report);
  const wrong = report.rows.filter(({ as_wanted }) => !as_wanted);
  if (wrong.length === 0) return EXIT.admit;
  return wrong.some(({ outcome }) => outcome.result !== "unavailable") ? EXIT.refuse : EXIT.hold;
};
