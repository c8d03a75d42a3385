/** Mutants that mean what the original means: declared one by one, with a reason, and tried all the same. Pure. */
import { MaestroError } from "../../../proto/errors.ts";

const REASON_CHARACTERS_MIN = 20;

/** Lines of `ID reason`, `#` for comments. Throws `cli.usage` with the line: a declaration without a reason is none. */
export function readEquivalents(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [, id, reason] = /^([0-9a-f]{12})\s+(\S.*)$/.exec(line) ?? [];
    if (id === undefined || reason === undefined || reason.trim().length < REASON_CHARACTERS_MIN) throw new MaestroError("cli.usage", `equivalent mutants, line ${i + 1}: an id of 12 characters and a reason of at least ${REASON_CHARACTERS_MIN}`);
    if (found.has(id)) throw new MaestroError("cli.usage", `equivalent mutants, line ${i + 1}: ${id} is declared twice`);
    found.set(id, reason.trim());
  }
  return found;
}
