/**
 * Which fields a rule is about, by the words of its conditions, formulas and messages. Words and no compiled rule: one that is being written
 * is whole at some keys and not at others, and what stands in the form is not to come and go with them.
 */
import { isHeld, type Held } from "../state.ts";

const QUOTED = /'(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?/g;
/** What stands behind a dot is a method, and what stands before a bracket a function: a field is neither. */
const WORD = /(?<![\w.])[A-Za-z_]\w*(?!\w|\s*\()/g;
const HOLE = /\{\{\s*(?:old\.)?([A-Za-z_]\w*)/g;

const CLAUSES = ["assert", "pre", "post", "temporal"];
const textIn = (clause: unknown, name: string): string => (isHeld(clause) && typeof clause[name] === "string" ? clause[name] : "");

function namesIn(clause: unknown): string[] {
  const conditions = ["expr", "formula"].flatMap((name) => textIn(clause, name).replace(QUOTED, " ").match(WORD) ?? []);
  return [...conditions, ...[...textIn(clause, "message").matchAll(HOLE)].map(([, name = ""]) => name)];
}

/** Each example asks the same of one document. */
let last: { readonly document: Held; readonly names: ReadonlySet<string> } | null = null;

/** Every field that it reads, and now and then a word more, such as a name within a list's own condition. */
export function readBy(document: Held): ReadonlySet<string> {
  if (last?.document === document) return last.names;
  const clauses = CLAUSES.flatMap((name) => (Array.isArray(document[name]) ? document[name] : []));
  const per = [document["per"]].flat().filter((one) => typeof one === "string");
  const names = new Set([...clauses.flatMap(namesIn), ...per]);
  last = { document, names };
  return names;
}
