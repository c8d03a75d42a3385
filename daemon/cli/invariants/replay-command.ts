/** `maestro invariants check --events FILE`: would these rules have held? */
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { recordedEvents } from "./event-lines.ts";
import { compileNamed } from "./files.ts";
import { replay, type Asked, type BrokenRule } from "../../invariants/replay/replay.ts";
import type { Watched } from "../../invariants/replay/watched.ts";

/** Conditions that no batch went through the kernel for. */
const byClosure = (conditions: readonly Asked[]): readonly Asked[] => conditions.filter(({ in_columns, by_closure }) => in_columns === 0 && by_closure > 0);

/** What a person is told of the formulas that are neither kept nor broken. */
function undecided(formulas: readonly Watched[]): readonly string[] {
  return formulas.flatMap(({ id, path, verdict, why, open }) => {
    if (verdict === "open") return [`${id} ${path}: ${open} time(s) something has time left where the recording ends; a last line {"at": TIME} without an event says how long nothing more came`];
    return verdict === "not_asked" ? [`${id} ${path} was not asked: ${why ?? ""}`] : [];
  });
}

/** For the model checker alone is no lack of the recording. */
const lacking = ({ verdict, why }: Watched): boolean => verdict === "open" || verdict === "inconclusive" || (verdict === "not_asked" && why?.startsWith("line ") === true);

const line = (file: string, { line: at, id, path, message, key }: BrokenRule): string => `${escapeTerminal(file)}:${at}: ${escapeTerminal(id)} ${escapeTerminal(path)}: ${escapeTerminal(message)}${key === null || key.length === 0 ? "" : ` (${escapeTerminal(key.map((one) => JSON.stringify(one)).join(", "))})`}`;

/** 0 where every rule held, 1 where one is broken, 3 where a formula cannot be told. Throws `cli.usage`: rules that are not whole are mended first. */
export function replayCommand(file: string, paths: readonly string[], json: boolean): number {
  const { compiled, errors } = compileNamed(paths);
  if (errors.length > 0) throw new MaestroError("cli.usage", `${errors.length} mistake(s) in the invariants, see maestro invariants check`);
  const { events, unheard, conditions, broken, broken_total, formulas, inconclusive } = replay(compiled, recordedEvents(file));
  const told = !formulas.some(lacking);
  if (json) printJson({ ok: broken_total === 0 && told, events, unheard, broken_total, broken: broken.map((one) => ({ ...one, key: one.key === null ? null : [...one.key] })), inconclusive: inconclusive.map((one) => ({ ...one, key: one.key === null ? null : [...one.key] })), conditions: conditions.map((one) => ({ ...one })), formulas: formulas.map((one) => ({ ...one })) });
  else {
    for (const one of broken) print(line(file, one));
    if (broken_total > broken.length) print(`and ${broken_total - broken.length} more`);
    for (const one of inconclusive) print(`${line(file, one)} (this cannot be told)`);
    for (const one of undecided(formulas)) note(`maestro: ${escapeTerminal(one)}`);
    for (const { id, path, not_expressible } of byClosure(conditions)) note(`maestro: ${escapeTerminal(id)} ${path} one event at a time${not_expressible === null ? "" : `: ${escapeTerminal(not_expressible)}`}`);
    note(`maestro: ${events} event(s), ${unheard} of them no rule is about; ${conditions.length} condition(s) and ${formulas.length} formula(s), broken ${broken_total} time(s)${told ? "" : "; formulas that cannot be told are not kept"}`);
  }
  return broken_total > 0 ? EXIT.refuse : told ? EXIT.admit : EXIT.hold;
}
