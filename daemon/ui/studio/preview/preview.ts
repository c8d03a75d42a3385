/** What a rule means to each engine, as text to read. What an engine cannot say is said with its reason, and never replaced by something weaker. */
import { emitJs, emitSmt, emitTla, emitTlaFormula, fieldsRead, jsFunctions, jsReader, planOf, testText, type Clause, type Compiled, type Emitted, type PlacedProblem, type TemporalClause, type TlaText } from "../../../invariants/index.ts";

export const TABS = { guard: "Guard", property: "Property test", smt: "SMT-LIB", tla: "TLA+" } as const;
export type Tab = keyof typeof TABS;

export interface Preview {
  readonly tab: Tab;
  readonly text: string;
  /** What the text is, and what it leaves out. */
  readonly notes: readonly string[];
}

const NAMES: Readonly<Record<Tab, string>> = { guard: "a guard", property: "a property test", smt: "SMT-LIB", tla: "TLA+" };
const NO_TIME = "a formula about events in time is for the monitor and the model checker";

interface Whole {
  readonly compiled: Compiled;
  readonly clauses: readonly Clause[];
  readonly formulas: readonly TemporalClause[];
  /** Parts that have a mistake, of which nothing is shown. */
  readonly broken: readonly string[];
}

const label = ({ path }: { readonly path: readonly (string | number)[] }): string => `${String(path[0])}[${String(path[1])}]`;

const PART = /^((?:assert|pre|post|temporal)(?:\[[0-9]+\])?)(\..*)?$/;

/** Clauses without a mistake in their condition; one that is not even among them has it elsewhere. */
function wholeOf(compiled: Compiled, problems: readonly PlacedProblem[]): Whole {
  const there = new Set([...compiled.assert, ...compiled.pre, ...compiled.post, ...compiled.temporal].map(label));
  const parts = problems.flatMap(({ path }) => {
    const [, part = "", inside] = PART.exec(path) ?? [];
    return part !== "" && (inside === undefined || inside === ".expr" || inside === ".formula" || !there.has(part)) ? [part] : [];
  });
  const broken = [...new Set(parts)];
  const fine = (one: { readonly path: readonly (string | number)[] }): boolean => !broken.includes(label(one));
  return { compiled, clauses: [...compiled.assert, ...compiled.pre, ...compiled.post].filter(fine), formulas: compiled.temporal.filter(fine), broken };
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").replaceAll("*/", "* /");

function guard({ compiled, clauses, formulas }: Whole): Pick<Preview, "text" | "notes"> {
  const calls = new Set<string>();
  const notes: string[] = [];
  const rows = clauses.flatMap((clause) => {
    const emitted = emitJs(clause.node);
    if ("not_expressible" in emitted) {
      notes.push(`${label(clause)} is not here: ${emitted.not_expressible}. The guard asks it all the same.`);
      return [];
    }
    for (const name of emitted.ok.calls) calls.add(name);
    const given = emitted.ok.given.length === 0 ? "" : `{ ${emitted.ok.given.join(", ")} }`;
    return [`  // ${oneLine(clause.text)}`, `  { path: ${JSON.stringify(label(clause))}, holds: (${given}) => ${emitted.ok.text} },`];
  });
  const readers = [...compiled.fields].map(([name, { type }]) => [name, jsReader(type)] as const);
  for (const [, reader] of readers) for (const name of reader.replace(/"(?:[^"\\]|\\.)*"/g, "").match(/[A-Za-z]+/g) ?? []) calls.add(name);
  const text = [
    `/** ${compiled.id}, asked of ${compiled.events.join(", ")}. */`,
    "type State = Readonly<Record<string, unknown>>;",
    "",
    `export const RULE = [`,
    ...rows,
    "];",
    "",
    "/** A field is checked when it is read: what is missing or of another type breaks the rule. */",
    "export const read = (state: State) => ({",
    ...readers.flatMap(([name, reader]) => [`  get ${name}() { return ${reader}(field(state, ${JSON.stringify(name)})); },`]),
    "});",
    "",
    jsFunctions([...calls]),
  ].join("\n");
  const time = formulas.length === 0 ? [] : [`${formulas.map(label).join(", ")}: watched by a monitor, event by event.`];
  return { text, notes: ["The daemon asks a closure that says exactly this, and makes no code of a rule; here it is as TypeScript, to read.", ...time, ...notes] };
}

/** What the values of a test are written down with; the same in each, and no part of the rule. */
const INSIDE = { exact: "// exactly() and copied() write 64-bit integers and fractions down to the last bit; maestro invariants generate prints them here.", line_target: "" };
/** A name of the code that is driven: the rule alone does not say. */
const TARGET = "yours";

function property({ compiled, clauses }: Whole): Pick<Preview, "text" | "notes"> {
  const of = (name: Clause["path"][number]): Clause[] => clauses.filter(({ path }) => path[0] === name);
  const invariant = { ...compiled, assert: of("assert"), pre: of("pre"), post: of("post"), file: "this document" };
  const plan = planOf(TARGET, { invariants: [compiled.id], function: { module: "yours.ts", export: TARGET, args: [...fieldsRead(invariant)].filter((name) => compiled.fields.has(name)) } }, invariant);
  const made = "because" in plan ? plan : testText(plan, { specifier: "./yours.ts", file: "yours.test.ts", inside: INSIDE, seed: 1, version: "of your project" });
  if ("because" in made) return { text: "", notes: [made.because] };
  return { text: made.text, notes: [`Here the code that is driven is a function ${TARGET}() of the fields that the rule reads. targets.yaml names your own, or a model or a command with actions; maestro invariants generate TARGET writes that test.`] };
}

function smt({ clauses }: Whole): Pick<Preview, "text" | "notes"> {
  const notes: string[] = [];
  const text = clauses.flatMap((clause) => {
    const emitted = emitSmt([clause.node]);
    const head = `; ${label(clause)}: ${oneLine(clause.text)}`;
    if ("not_expressible" in emitted) return [head, `; not expressible: ${emitted.not_expressible}`, ""];
    const { lines, conditions: [condition], bounds, complete } = emitted.ok;
    if (!complete) notes.push(`${label(clause)}: ${bounds.join("; ")}: that nothing is found is then no proof`);
    return [head, ...lines, `(define-fun holds () Bool ${condition?.holds ?? ""})`, `(define-fun fails () Bool ${condition?.fails ?? ""})`, `(define-fun error () Bool ${condition?.error ?? ""})`, ""];
  });
  return { text: text.join("\n").trimEnd(), notes: ["Each condition by itself, for any solver: one of holds, fails and error is so of all values.", ...notes] };
}

const moduleName = (id: string): string => id.replace(/[^A-Za-z0-9]/g, "_");

function tla({ compiled, clauses, formulas }: Whole): Pick<Preview, "text" | "notes"> {
  const all: readonly (readonly [string, string, Emitted<TlaText>])[] = [...clauses.map((clause) => [label(clause), clause.text, emitTla(clause.node)] as const), ...formulas.map((clause) => [label(clause), clause.text, emitTlaFormula(clause.formula)] as const)];
  const said = all.flatMap(([, , emitted]) => ("ok" in emitted ? [emitted.ok] : []));
  const union = (of: (one: TlaText) => readonly string[]): string[] => [...new Set(said.flatMap(of))].sort();
  const [modules, variables, definitions] = [union((one) => one.modules), union((one) => one.variables), union((one) => one.definitions)];
  const text = [
    `---- MODULE ${moduleName(compiled.id)} ----`,
    ...(modules.length === 0 ? [] : [`EXTENDS ${modules.join(", ")}`]),
    ...(variables.length === 0 ? [] : [`VARIABLES ${variables.join(", ")}`]),
    "",
    ...definitions,
    ...all.flatMap(([name, written, emitted]) => [`\\* ${oneLine(written)}`, "ok" in emitted ? `${name.replace("[", "_").replace("]", "")} == ${emitted.ok.text}` : `\\* ${name} is not expressible: ${emitted.not_expressible}`, ""]),
    "====",
  ];
  return { text: text.join("\n"), notes: ["Put these into the module of your model. TLC's integers have 32 bits, and it stops with an error beyond them: never a pass."] };
}

const OF: Readonly<Record<Tab, (whole: Whole) => Pick<Preview, "text" | "notes">>> = { guard, property, smt, tla };

export function previewOf(compiled: Compiled | null, problems: readonly PlacedProblem[], tab: Tab): Preview {
  if (compiled === null) return { tab, text: "", notes: ["There is nothing to show before the document says which events it is asked of."] };
  const whole = wholeOf(compiled, problems);
  const mistakes = whole.broken.length === 0 ? [] : [`${whole.broken.join(", ")}: not shown before the mistake is mended.`];
  if (whole.clauses.length === 0 && (tab !== "tla" || whole.formulas.length === 0)) return { tab, text: "", notes: [...mistakes, ...(whole.formulas.length > 0 ? [`Nothing for ${NAMES[tab]}: ${NO_TIME}.`] : mistakes.length === 0 ? ["There is no condition yet."] : [])] };
  const made = OF[tab](whole);
  const time = (tab === "property" || tab === "smt") && whole.formulas.length > 0 ? [`${whole.formulas.map(label).join(", ")}: not here; ${NO_TIME}.`] : [];
  return { tab, text: made.text, notes: [...made.notes, ...time, ...mistakes] };
}

