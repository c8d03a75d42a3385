/** Model checking is done by a process of the daemon's side: it runs a specification, which the command line itself never does. */
import { Value } from "@sinclair/typebox/value";
import { ModelReport, ModelRow } from "../../../proto/model.ts";
import { answerOf } from "../asked-program.ts";

const PROGRAM = Bun.fileURLToPath(new URL("../../analysis/modelcheck/program.ts", import.meta.url));

/** `folder` is absolute; `each` hears of a row once it is there. Throws what `answerOf` throws. */
export function modelRuns(folder: string, names: readonly string[], cached: boolean, each: (row: ModelRow) => void): Promise<ModelReport> {
  return answerOf("checking the models", [PROGRAM, "--folder", folder, ...(cached ? [] : ["--no-cache"]), "--", ...names], (said) => {
    if (said.event === "row" && Value.Check(ModelRow, said.row)) each(said.row);
    return said.event === "report" && Value.Check(ModelReport, said.report) ? said.report : undefined;
  });
}
