/** What one invariant means to each engine. */
import { typeText } from "../../invariants/types/type.ts";
import { emitArbitraries, emitSmt, emitTla, emitTlaFormula, type Compiled, type Emitted } from "../../invariants/index.ts";

export interface Shown {
  readonly id: string;
  readonly file: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly clauses: readonly { readonly path: string; readonly text: string; readonly smt: string; readonly tla: string }[];
  readonly tries: unknown;
}

const text = <T>(emitted: Emitted<T>, write: (value: T) => string): string => ("ok" in emitted ? write(emitted.ok) : `not expressible: ${emitted.not_expressible}`);

const typed = (compiled: Compiled): Record<string, string> =>
  Object.fromEntries([...compiled.fields].map(([name, { type, tainted }]) => [name, `${typeText(type)}${tainted ? ", tainted" : ""}`]));

export function shown(compiled: Compiled & { readonly file: string }): Shown {
  const nodes = [...compiled.assert, ...compiled.pre, ...compiled.post];
  const clauses = nodes.map((clause) => ({
    path: clause.path.join("."),
    text: clause.text,
    smt: text(emitSmt([clause.node]), ({ lines, conditions }) => [...lines, `; holds: ${conditions[0]?.holds ?? ""}`].join("\n")),
    tla: text(emitTla(clause.node), (tla) => [...tla.definitions, tla.text].join("\n")),
  }));
  const formulas = compiled.temporal.map((clause) => ({ path: clause.path.join("."), text: clause.text, smt: "not expressible: a sequence of events; the model checker has it", tla: text(emitTlaFormula(clause.formula), (tla) => [...tla.definitions, tla.text].join("\n")) }));
  return { id: compiled.id, file: compiled.file, fields: typed(compiled), clauses: [...clauses, ...formulas], tries: emitArbitraries(nodes.map(({ node }) => node), compiled.fields) };
}
