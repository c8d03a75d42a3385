import { MaestroError } from "../../../../proto/errors.ts";
import { textOf, type Values } from "../../command.ts";

const DEADLINE_S = 240;
const DEADLINE_S_MAX = 3_600;

/** When a git hook has to have its verdict, on the monotonic clock. Throws `cli.usage`. */
export function deadlineOf(values: Values): number {
  const given = textOf(values, "deadline");
  const seconds = given === undefined ? DEADLINE_S : Number(given);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > DEADLINE_S_MAX) throw new MaestroError("cli.usage", `--deadline takes whole seconds from 1 to ${DEADLINE_S_MAX}`);
  return performance.now() + seconds * 1_000;
}
