/** `maestro invariants check --events FILE`: would these rules have held? */
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { recordedEvents } from "./event-lines.ts";
import { compileNamed } from "./files.ts";
import { replay, type Asked } from "./replay.ts";

/** Conditions that no batch went through the kernel for. */
const byClosure = (conditions: readonly Asked[]): readonly Asked[] => conditions.filter(({ in_columns, by_closure }) => in_columns === 0 && by_closure > 0);

/** 0 where every rule held of every event, 1 where not. Throws `cli.usage`: rules that are not whole are mended first. */
export function replayCommand(file: string, paths: readonly string[], json: boolean): number {
  const { compiled, errors } = compileNamed(paths);
  if (errors.length > 0) throw new MaestroError("cli.usage", `${errors.length} mistake(s) in the invariants, see maestro invariants check`);
  const { events, unheard, conditions, broken, broken_total } = replay(compiled, recordedEvents(file));
  const formulas = compiled.reduce((sum, { temporal }) => sum + temporal.length, 0);
  if (json) printJson({ ok: broken_total === 0, events, unheard, formulas_not_asked: formulas, broken_total, broken: broken.map((one) => ({ ...one })), conditions: conditions.map((one) => ({ ...one })) });
  else {
    for (const { line, id, path, message } of broken) print(`${escapeTerminal(file)}:${line}: ${escapeTerminal(id)} ${escapeTerminal(path)}: ${escapeTerminal(message)}`);
    if (broken_total > broken.length) print(`and ${broken_total - broken.length} more`);
    for (const { id, path, not_expressible } of byClosure(conditions)) note(`maestro: ${escapeTerminal(id)} ${path} one event at a time${not_expressible === null ? "" : `: ${escapeTerminal(not_expressible)}`}`);
    note(`maestro: ${events} event(s), ${unheard} of them no rule is about; ${conditions.length} condition(s), broken ${broken_total} time(s)${formulas === 0 ? "" : `; ${formulas} temporal formula(s) not asked here`}`);
  }
  return broken_total === 0 ? EXIT.admit : EXIT.refuse;
}
