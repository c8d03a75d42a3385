/** `maestro invariants`: are these rules whole, what do they mean, and the schema for an editor. No daemon is asked. */
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { nearest } from "../../../proto/suggest.ts";
import { SCHEMA_FILES } from "../../invariants/index.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { type CommandModule, textOf } from "../command.ts";
import { printJson } from "../document.ts";
import { checkNamed, compileNamed } from "../invariants/files.ts";
import { shown } from "../invariants/show.ts";
import { note, print } from "../output.ts";

const RULES_SHOWN = "assert, pre and post";

function check(paths: readonly string[], json: boolean): number {
  const { compiled, errors, events } = checkNamed(paths);
  if (json) {
    printJson({ ok: errors.length === 0, invariants: compiled.map(({ id, file, events: on }) => ({ id, file, events: [...on] })), errors: errors.map((error) => ({ ...error })) });
    return errors.length === 0 ? EXIT.admit : EXIT.refuse;
  }
  for (const { file, line, column, path, message, fix } of errors) print(`${escapeTerminal(file)}:${line}:${column}: ${escapeTerminal(path === "" ? message : `${path}: ${message}`)}\n    ${escapeTerminal(fix)}`);
  const tried = compiled.filter(({ document }) => document.examples !== undefined).length;
  note(`maestro: ${compiled.length} invariant(s), ${tried} with examples that were tried, ${events?.names.length ?? 0} event(s), ${errors.length} mistake(s)`);
  return errors.length === 0 ? EXIT.admit : EXIT.refuse;
}

function show(id: string | undefined, paths: readonly string[], json: boolean): number {
  if (id === undefined) throw new MaestroError("cli.usage", "invariants show takes the id of one, such as INV.BUDGET.CAP");
  const { compiled, errors } = compileNamed(paths);
  const found = compiled.find((one) => one.id === id);
  if (found === undefined) {
    const near = nearest(id, compiled.map((one) => one.id));
    throw new MaestroError("request.not_found", `no invariant ${id} that is whole${near === null ? "" : `; did you mean ${near}?`}${errors.length === 0 ? "" : `; ${errors.length} mistake(s), see maestro invariants check`}`);
  }
  const all = shown(found);
  if (json) printJson(all);
  else {
    print(`${escapeTerminal(all.id)}  ${escapeTerminal(all.file)}`);
    for (const [name, type] of Object.entries(all.fields)) print(`  ${escapeTerminal(name)}: ${escapeTerminal(type)}`);
    for (const { path, text, smt, tla } of all.clauses) print([`${path}  ${escapeTerminal(text)}`, "  TLA+:", ...tla.split("\n").map((line) => `    ${escapeTerminal(line)}`), "  SMT-LIB:", ...smt.split("\n").map((line) => `    ${escapeTerminal(line)}`)].join("\n"));
    if (all.clauses.length === 0) print(`no ${RULES_SHOWN}`);
  }
  return EXIT.admit;
}

export const run: CommandModule["run"] = async (invocation) => {
  const { values, positionals: [verb, ...rest] } = invocation;
  const json = values["json"] === true;
  const recorded = textOf(values, "events");
  if (recorded !== undefined && verb !== "check") throw new MaestroError("cli.usage", "--events goes with invariants check");
  if (verb === "check") return recorded === undefined ? check(rest, json) : (await import("../invariants/replay-command.ts")).replayCommand(recorded, rest, json);
  if (verb === "show") return show(rest[0], rest.slice(1), json);
  if (verb === "coverage") return (await import("../invariants/coverage.ts")).coverage(json);
  if (verb === "test") return (await import("../properties/command.ts")).testProperties(invocation, rest);
  if (verb === "generate") return (await import("../properties/command.ts")).generateTest(invocation, rest);
  if (verb !== "schema") throw new MaestroError("cli.usage", "invariants takes check, show, coverage, test, generate or schema");
  const [of = "invariant", more] = rest;
  if ((of !== "invariant" && of !== "events" && of !== "targets") || more !== undefined) throw new MaestroError("cli.usage", `invariants schema takes nothing, events or targets, not ${[of, more].filter((word) => word !== undefined).join(" ")}`);
  print(SCHEMA_FILES[`${of}.schema.json`]);
  return EXIT.admit;
};
