import { EXIT } from "../../../proto/errors.ts";
import type { RestoreReport } from "../../../proto/integrity.ts";
import type { CommandModule } from "../command.ts";
import { locate } from "../connect.ts";
import { printJson } from "../document.ts";
import { offline } from "../offline.ts";
import { print } from "../output.ts";
import { restoreLines } from "./restore.ts";

export const run: CommandModule["run"] = async ({ values }) => {
  const report = await offline<RestoreReport>("clone", ["--state", locate(values).state_dir, ...(values["moved"] === true ? ["--moved"] : [])]);
  if (values["json"] === true) printJson(report);
  else print(restoreLines(report).join("\n"));
  return EXIT.admit;
};
