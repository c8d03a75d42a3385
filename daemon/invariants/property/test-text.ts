/** A property test as text: whole, readable, and dependent on nothing but fast-check and the target. The same plan gives the same text. */
import type { Clause } from "../document/clauses.ts";
import { jsFunctions } from "../emit/js-functions.ts";
import { emitJs, jsReader } from "../emit/js.ts";
import { recordText } from "./arbitraries.ts";
import { CASE_OF, COMMON, ENDING } from "./parts.ts";
import type { Plan } from "./plan.ts";

export interface Written {
  readonly text: string;
}

/** Sources of what runs inside, which a test of a program carries along. */
export interface Inside {
  readonly exact: string;
  readonly line_target: string;
}

interface Rules {
  readonly lines: readonly string[];
  readonly calls: readonly string[];
}

/** Or the reason why a condition cannot be said. */
function rules(name: string, clauses: readonly Clause[]): Rules | { readonly because: string } {
  const lines: string[] = [];
  const calls: string[] = [];
  for (const clause of clauses) {
    const emitted = emitJs(clause.node);
    if ("not_expressible" in emitted) return { because: `${clause.path.join(".")}: not expressible in a property test: ${emitted.not_expressible}` };
    const { text, given, calls: called } = emitted.ok;
    calls.push(...called);
    lines.push(`  { path: ${JSON.stringify(clause.path.join("."))}, rule: ${JSON.stringify(clause.text)}, holds: (${given.length === 0 ? "" : `{ ${given.join(", ")} }`}) => ${text} },`);
  }
  return { lines: clauses.length === 0 ? [`const ${name}: readonly Clause[] = [];`] : [`const ${name}: readonly Clause[] = [`, ...lines, "];"], calls };
}

/** Each function that a reader names, without the words of an enum. */
const readerCalls = (reader: string): string[] => reader.replace(/"(?:[^"\\]|\\.)*"/g, "").match(/[A-Za-z]+/g) ?? [];

function fieldLines(plan: Plan): { readonly lines: readonly string[]; readonly calls: readonly string[] } {
  const readers = plan.fields.flatMap((name) => {
    const field = plan.invariant.fields.get(name);
    return field === undefined ? [] : [[name, jsReader(field.type)] as const];
  });
  const lines = readers.map(([name, reader]) => `  get ${name}() {\n    return ${reader}(field(state, ${JSON.stringify(name)}));\n  },`);
  return { lines: [`const FIELDS = [${readers.map(([name]) => JSON.stringify(name)).join(", ")}];`, "", "/** Each is checked when the rule reads it. */", "const read = (state: State) => ({", ...lines, "});"], calls: readers.flatMap(([, reader]) => readerCalls(reader)) };
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").replaceAll("*/", "* /").trim();

function header(plan: Plan, file: string, version: string): string[] {
  const { invariant, target, kind, actions } = plan;
  const what = kind === "function" ? `the function ${plan.export}` : `${actions.map(({ name }) => name).join(", ")} in any order`;
  return [
    "/**",
    ` * ${invariant.id}, asked of ${what} (target ${target}).`,
    ...(invariant.document.rationale === undefined ? [] : [` * ${oneLine(invariant.document.rationale)}`]),
    " *",
    ` * Made by \`maestro invariants generate ${target}\` from ${oneLine(invariant.file)}. It stands alone: read it, keep it, change it.`,
    ` * A failure names its seed and path, which mean the same case to fast-check ${version}:`,
    ` *   PROPERTY_SEED=… PROPERTY_PATH=… bun test ${oneLine(file)}`,
    " */",
  ];
}

function targetLines(plan: Plan, specifier: string): { readonly imports: readonly string[]; readonly lines: readonly string[] } {
  if (plan.kind !== "command") return { imports: [`import { ${plan.export} as target } from ${JSON.stringify(specifier)};`], lines: [] };
  return { imports: [], lines: [`const target = new LineTarget(${JSON.stringify(plan.argv).replaceAll('","', '", "')}, process.env["PROPERTY_CWD"] ?? ".");`, "afterAll(() => target.stop());"] };
}

function casesLines(plan: Plan): string[] {
  if (plan.kind === "function") return [`const cases = ${recordText(plan.actions[0]?.args ?? [], "")};`];
  return [
    "const ACTIONS = {",
    ...plan.actions.map(({ name, args }) => `  ${name}: ${recordText(args, "  ")},`),
    "};",
    'const step = fc.oneof(...Object.entries(ACTIONS).map(([action, args]) => fc.record({ action: fc.constant(action), args: args as fc.Arbitrary<State> }, { noNullPrototype: true })));',
    `const cases = fc.array(step, { minLength: 1, maxLength: ${plan.steps_max}, size: "max" });`,
  ];
}

const source = (text: string): string => text.replace(/^import [^\n]*\n+/gm, "").replace(/^export /gm, "").trimEnd();

export interface Around {
  /** How it imports the target. */
  readonly specifier: string;
  /** What it is called in its own first lines. */
  readonly file: string;
  readonly inside: Inside;
  readonly seed: number;
  /** Of fast-check: seed and path mean the same case to that one alone. */
  readonly version: string;
}

/** The test, or why there can be none. */
export function testText(plan: Plan, { specifier, file, inside, seed, version }: Around): Written | { readonly because: string } {
  const { invariant, kind } = plan;
  const [assert, pre, post] = [rules("ASSERT", invariant.assert), rules("PRE", invariant.pre), rules("POST", invariant.post)];
  for (const one of [assert, pre, post]) if ("because" in one) return one;
  const whole = [assert, pre, post].filter((one): one is Rules => !("because" in one));
  const fields = fieldLines(plan);
  const { imports, lines } = targetLines(plan, specifier);
  const parts = [
    header(plan, file, version),
    ['import { writeFileSync } from "node:fs";', `import { ${kind === "command" ? "afterAll, " : ""}expect, test } from "bun:test";`, 'import fc from "fast-check";', ...imports, ""],
    [`const SEED = Number(process.env["PROPERTY_SEED"] ?? ${seed});`, 'const PATH = process.env["PROPERTY_PATH"] ?? "";', `const RUNS = Number(process.env["PROPERTY_RUNS"] ?? ${plan.runs});`, "", "type State = Readonly<Record<string, unknown>>;", ""],
    ["// What is tried.", ...casesLines(plan), ...(kind === "function" ? [] : [`const ASKED_AFTER = [${plan.actions.filter(({ asked }) => asked).map(({ name }) => JSON.stringify(name)).join(", ")}];`]), ""],
    ["// The rule.", ...fields.lines, "", ...whole.flatMap((one) => one.lines), ""],
    ["// The case.", CASE_OF[kind](plan), ""],
    [ENDING(`${invariant.id} holds of ${plan.target}`), ""],
    [COMMON, "", jsFunctions([...fields.calls, ...whole.flatMap(({ calls }) => calls)]), "", source(kind === "command" ? inside.exact : inside.exact.slice(0, inside.exact.indexOf("export function asItWas"))), ...(kind === "command" ? ["", source(inside.line_target), "", ...lines] : [])],
  ];
  return { text: `${parts.flat().join("\n")}\n` };
}
