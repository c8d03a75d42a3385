/** Values as TLA+ writes them, for the module that is made from a recorded run. */
import { MaestroError } from "../../../../proto/errors.ts";

export class TlaSet {
  constructor(readonly items: readonly Tla[]) {}
}

export type Tla = number | boolean | string | readonly Tla[] | TlaSet | { readonly [name: string]: Tla };

/** TLC's integers have 32 bits. */
const TLC_NUMBER_MAX = 2 ** 31 - 1;

const isList = (value: Tla): value is readonly Tla[] => Array.isArray(value);

function text(value: string): string {
  if (!/^[\x20-\x7e]*$/.test(value)) throw new MaestroError("request.malformed", "recorded run: a name beyond ASCII");
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** Throws `request.malformed` for what TLC would take for something else. */
export function tla(value: Tla): string {
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  if (typeof value === "string") return text(value);
  if (typeof value === "number") {
    if (!Number.isInteger(value) || value < 0 || value > TLC_NUMBER_MAX) throw new MaestroError("request.malformed", `recorded run: ${value} is beyond the numbers of TLC`);
    return String(value);
  }
  if (value instanceof TlaSet) return `{${value.items.map(tla).join(", ")}}`;
  if (isList(value)) return `<<${value.map(tla).join(", ")}>>`;
  return `[${Object.entries(value).map(([name, item]) => `${name} |-> ${tla(item)}`).join(", ")}]`;
}

/** A function from strings, which a record is to TLA+ only where the names are its own. */
export const tlaFunction = (entries: ReadonlyMap<string, Tla>): string => entries.size === 0 ? "<<>>" : [...entries].map(([key, value]) => `${text(key)} :> ${tla(value)}`).join(" @@ ");
