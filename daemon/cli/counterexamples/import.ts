/** `maestro cex import FILE`: a trace of another tool, held against a rule state by state; what breaks it there is a counterexample that was seen to break. */
import { Value } from "@sinclair/typebox/value";
import { plainOf } from "../../../proto/cex-value.ts";
import { Counterexample, counterexampleBytes, type CexFields, type CexStep } from "../../../proto/counterexample.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { fromItf, ITF_BYTES_MAX } from "../../../proto/itf.ts";
import { nearest } from "../../../proto/suggest.ts";
import { type Compiled, type Context, everyNode } from "../../invariants/index.ts";
import { readNamed } from "../bounded-file.ts";
import { counterexampleText } from "../card/counterexample.ts";
import { textOf, type Values } from "../command.ts";
import { printJson } from "../document.ts";
import { compileNamed } from "../invariants/files.ts";
import { note, print } from "../output.ts";
import { writeOut } from "../write-file.ts";

const USAGE = "maestro cex import FILE --invariant ID";
const isCex = (value: unknown): value is Counterexample => Value.Check(Counterexample, value);

function ruleOf(id: string, folder: string | undefined): Compiled {
  const { compiled, errors } = compileNamed(folder === undefined ? [] : [folder]);
  const found = compiled.find((one) => one.id === id);
  if (found !== undefined) return found;
  const near = nearest(id, compiled.map((one) => one.id));
  throw new MaestroError("cli.usage", `no invariant ${id} that is whole${near === null ? "" : `; did you mean ${near}?`}${errors.length === 0 ? "" : `; ${errors.length} mistake(s), see maestro invariants check`}`);
}

/** A trace that has no such variable is of another model, and would break every rule. */
function requireFields({ id, assert, pre, post, fields }: Compiled, [first]: readonly CexStep[]): void {
  const there = Object.keys(first?.state ?? {});
  const read = new Set([...assert, ...pre, ...post].flatMap(({ node }) => [...everyNode(node)].flatMap((one) => (one.kind === "field" && fields.has(one.name) ? [one.name] : []))));
  const lacking = [...read].filter((name) => !there.includes(name));
  if (lacking.length > 0) throw new MaestroError("cli.usage", `${id} reads ${lacking.join(", ")}, which is no variable of the trace; it has ${there.join(", ") || "none"}`);
}

const contextOf = (state: CexFields): Context => Object.fromEntries(Object.entries(state).flatMap(([name, value]) => {
  const plain = plainOf(value);
  return plain === undefined ? [] : [[name, plain] as const];
}));

/** The first state that the rule stops, as a guard would: assert and pre of each, post of each but the first, with the one before as `old`. */
function broken({ assert, pre, post }: Compiled, trace: readonly CexStep[]): { readonly at: number; readonly message: string } | null {
  const events = trace.map(({ state }) => contextOf(state));
  for (const [at, event] of events.entries()) {
    const before = events[at - 1];
    const around = before === undefined ? {} : { old: before };
    for (const clause of before === undefined ? [...assert, ...pre] : [...assert, ...pre, ...post]) {
      const judged = clause.check(event, around);
      if (!judged.ok) return { at, message: judged.message };
    }
  }
  return null;
}

/** 0 where the trace breaks the rule, 3 where it does not. */
export function importTrace(file: string, values: Values): number {
  const [id, folder, out] = ["invariant", "folder", "out"].map((name) => textOf(values, name));
  if (id === undefined) throw new MaestroError("cli.usage", USAGE);
  const rule = ruleOf(id, folder);
  const command = ["maestro", "cex", "import", file, "--invariant", id, ...(folder === undefined ? [] : ["--folder", folder])];
  const { trace, inputs } = fromItf(readNamed(file, ITF_BYTES_MAX), { invariant: id, engine: "guard", message: "as the file says", replay: { command } }, isCex);
  const steps = trace ?? [{ action: "inputs", location: null, state: inputs ?? {} }];
  requireFields(rule, steps);
  const found = broken(rule, steps);
  if (rule.temporal.length > 0) note(`maestro: ${rule.temporal.length} temporal form(s) of ${id} are not asked: a trace has no clock`);
  if (found === null) {
    note(`maestro: none of the ${steps.length} state(s) breaks ${id}`);
    return EXIT.hold;
  }
  const cex: Counterexample = { type: "maestro.cex/v1", invariant: id, engine: "guard", message: found.message, inputs: null, trace: steps.slice(0, found.at + 1), loop_at: null, stutter: false, seed: null, path: null, smt2_sha256: null, spec_sha256: null, replay: { command, verdict: "reproduced" } };
  const bytes = counterexampleBytes(cex);
  if (out !== undefined) writeOut(out, bytes, 0o644, "the trace was looked at all the same", values["force"] === true);
  if (values["json"] === true) printJson(cex);
  else print(counterexampleText(cex));
  return EXIT.admit;
}
