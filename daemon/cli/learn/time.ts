/** Times as they are typed. */
import { MaestroError } from "../../../proto/errors.ts";
import { textOf, type Values } from "../command.ts";

const WHEN = /^\d{4}-\d\d-\d\d(?:T\d\d(?::\d\d:\d\dZ)?)?$/;

/** A day, an hour or a second, UTC. Throws `cli.usage`. */
export function timeOf(values: Values, name: string): number | undefined {
  const text = textOf(values, name);
  if (text === undefined) return undefined;
  const at_ms = Date.parse(text.length === 13 ? `${text}:00:00Z` : text);
  // The engine takes the 31st of February for a day of March.
  const same = Number.isFinite(at_ms) && new Date(at_ms).toISOString().startsWith(text.replace("Z", ""));
  if (!WHEN.test(text) || !same || at_ms < 0) throw new MaestroError("cli.usage", `--${name} takes a time in UTC such as 2026-11-22, 2026-11-22T23 or 2026-11-22T23:05:00Z, not ${JSON.stringify(text)}`);
  return at_ms;
}
