/** What a failure of a check process or a tool means to its gate. */
import { MaestroError } from "../../proto/errors.ts";

/** Of what a reason may say; outcomes and obligations take a little more. */
const CHARACTERS_MAX = 1_900;

/** Why there is no answer, for the outcome that says so. A client that left and a daemon that stops end the gate instead: they are thrown again, and so is a bug. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof MaestroError) || error.code === "request.cancelled" || error.code === "daemon.draining") throw error;
  return `${error.row.sentence} (${error.code}: ${error.detail})`.slice(0, CHARACTERS_MAX).toWellFormed();
}
