/** Where the command line stands. */
import { MaestroError } from "../../proto/errors.ts";

/** The launcher starts Bun in the project's own folder and says here where the user stands. */
export function goToUser(): void {
  const from = process.env["MAESTRO_CWD"];
  if (from === undefined) return;
  delete process.env["MAESTRO_CWD"];
  try {
    process.chdir(from);
  } catch (cause) {
    throw new MaestroError("cli.usage", `the current folder ${from} cannot be entered`, { cause });
  }
}
