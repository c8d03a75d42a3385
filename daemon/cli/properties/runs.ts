/** Property tests run what a change brought along, so a process of the daemon's side has them run in the sandbox; the command line never does. */
import { Value } from "@sinclair/typebox/value";
import { PropertyReport, PropertyRow } from "../../../proto/property.ts";
import { answerOf } from "../asked-program.ts";

const PROGRAM = Bun.fileURLToPath(new URL("../../analysis/properties/program.ts", import.meta.url));
const WHAT = "testing properties";

/** `each` hears of a row once it is there. Throws what `answerOf` throws. */
export function propertyRuns(args: readonly string[], each: (row: PropertyRow) => void): Promise<PropertyReport> {
  return answerOf(WHAT, [PROGRAM, "test", ...args], (said) => {
    if (said.event === "row" && Value.Check(PropertyRow, said.row)) each(said.row);
    return said.event === "report" && Value.Check(PropertyReport, said.report) ? said.report : undefined;
  });
}

/** The text of one test. */
export function generatedTest(args: readonly string[]): Promise<string> {
  return answerOf(WHAT, [PROGRAM, "generate", ...args], ({ event, text }) => (event === "generated" && typeof text === "string" ? text : undefined));
}
