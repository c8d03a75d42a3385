/** What keeps the daemon from part of its work while the rest goes on. */
import { MaestroError } from "../proto/errors.ts";
import type { Core } from "./compose.ts";

/** Nothing can be recorded: gates are refused, and what is on record is still shown. `null` where all is well. */
export function unwritable({ store }: Pick<Core, "store">): MaestroError | null {
  try {
    store.requireWritable();
    return null;
  } catch (error) {
    if (error instanceof MaestroError) return error;
    throw error;
  }
}

/** For `/readyz`: whoever sends work here should not, although the process answers. */
export function requireReady(core: Pick<Core, "store" | "evidence">): void {
  const reason = unwritable(core);
  if (reason !== null) throw new MaestroError(reason.code, `degraded, reads go on: ${reason.detail}`, { cause: reason });
  core.evidence.logState();
}
