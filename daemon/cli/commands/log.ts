import { MaestroError } from "../../../proto/errors.ts";
import type { CommandModule, Values } from "../command.ts";
import { fileFailure } from "../write-file.ts";

async function verb(name: string | undefined, values: Values): Promise<number> {
  if (name === "monitor" || name === "check") return (await import("../log/monitor.ts")).monitor(values, name === "check" || values["full"] === true);
  if (name === "export") return (await import("../log/export.ts")).exportLog(values);
  if (name === "rotate") return (await import("../log/rotate.ts")).rotate(values);
  throw new MaestroError("cli.usage", "log takes monitor, check, export or rotate");
}

/** `monitor` and `check` hold a log's files against what is known of it, `export` makes such files, `rotate` changes the log's key. Throws `cli.usage` and `store.no_space` for files that the user named. */
export const run: CommandModule["run"] = async ({ values, positionals: [name] }) => {
  try {
    return await verb(name, values);
  } catch (error) {
    throw fileFailure(error);
  }
};
