import { EXIT } from "../../../proto/errors.ts";
import { textOf, type CommandModule } from "../command.ts";
import { connectOrStart } from "../connect.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";

export const run: CommandModule["run"] = async ({ values }) => {
  const { client } = await connectOrStart(values);
  const path = textOf(values, "path");
  const { entries } = path === undefined ? await client.config() : await client.effectiveConfig((await import("../config-files.ts")).filesAbove(path));
  if (values["json"] === true) printJson(values["explain"] === true ? { entries } : Object.fromEntries(entries.map(({ key, value }) => [key, value])));
  else {
    for (const { key, value, origin, meaning } of entries) {
      print(values["explain"] === true ? `${key} = ${value}\n    ${origin}; ${meaning}` : `${key} = ${value}`);
    }
  }
  return EXIT.admit;
};
