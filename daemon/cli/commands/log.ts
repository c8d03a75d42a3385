import { MaestroError } from "../../../proto/errors.ts";
import type { CommandModule } from "../command.ts";

/** `monitor` and `check` hold a log's files against what is known of it, `export` makes such files, `rotate` changes the log's key. */
export const run: CommandModule["run"] = async ({ values, positionals: [verb] }) => {
  if (verb === "monitor" || verb === "check") return (await import("../log/monitor.ts")).monitor(values, verb === "check" || values["full"] === true);
  if (verb === "export") return (await import("../log/export.ts")).exportLog(values);
  if (verb === "rotate") return (await import("../log/rotate.ts")).rotate(values);
  throw new MaestroError("cli.usage", "log takes monitor, check, export or rotate");
};
