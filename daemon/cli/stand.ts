/** Where the command line stands. */
import { SHORT_RUN_SETTING } from "../../proto/engine.ts";
import { MaestroError } from "../../proto/errors.ts";

/** The launcher starts Bun in the project's own folder and says here where the user stands; what it told the engine is for this process alone. */
export function goToUser(): void {
  delete process.env[SHORT_RUN_SETTING];
  const from = process.env["MAESTRO_CWD"];
  if (from === undefined) return;
  delete process.env["MAESTRO_CWD"];
  try {
    process.chdir(from);
  } catch (cause) {
    throw new MaestroError("cli.usage", `the current folder ${from} cannot be entered`, { cause });
  }
}
