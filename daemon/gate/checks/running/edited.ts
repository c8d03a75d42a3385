/** Which changed files decide what a declared command does. */
import { fromBase64, fromUtf8Lossy } from "../../../../proto/encoding.ts";
import type { DeclaredCommand, Facts, FileChange } from "../../../../proto/facts.ts";
import { pathText } from "../../../../proto/scalar.ts";
import { pathMatcher } from "../../../checking/globs.ts";
import { traceOf, type TextAt, type Trace } from "./trace.ts";

export interface Edit {
  readonly file: FileChange;
  readonly command: DeclaredCommand;
  /** What of the file the command runs, for a person. */
  readonly what: string;
  /** Stands in the line it is about, where one is known. */
  readonly needle: string;
}

export interface Edits {
  readonly edits: readonly Edit[];
  /** Files that say what a command runs and could not be read. */
  readonly unread: readonly string[];
}

const LINKS: readonly string[] = ["120000", "160000"];

function reader(facts: Facts, side: "old" | "new"): TextAt {
  const texts = new Map(facts.runners.map((runner) => [runner.path, runner[side]]));
  return (path) => {
    const bytes = texts.get(path);
    return bytes === undefined || bytes === null ? bytes : fromUtf8Lossy(fromBase64(bytes) ?? new Uint8Array(0)).replace(/^\ufeff/, "");
  };
}

/** A name leads through a changed link or submodule whatever lies behind it. */
function named(file: FileChange, path: string, names: ReadonlySet<string>): boolean {
  if (names.has(path)) return true;
  const link = [file.old, file.new].some((side) => side !== null && LINKS.includes(side.mode));
  return link && [...names].some((name) => name.startsWith(`${path}/`));
}

/** Units whose text a change makes, changes or takes away. */
function changedUnits(old: Trace, now: Trace): { readonly file: string; readonly what: string }[] {
  const keys = new Set([...old.units.keys(), ...now.units.keys()]);
  return [...keys].flatMap((key) => {
    const [before, after] = [old.units.get(key), now.units.get(key)];
    const unit = after ?? before;
    return unit === undefined || before?.text === after?.text ? [] : [{ file: unit.file, what: unit.what }];
  });
}

function editsOf(command: DeclaredCommand, facts: Facts, byPath: ReadonlyMap<string, FileChange>): { readonly edits: readonly Edit[]; readonly wants: ReadonlySet<string> } {
  const [old, now] = [traceOf(command, reader(facts, "old")), traceOf(command, reader(facts, "new"))];
  const names = new Set([...old.names, ...now.names]);
  const guards = command.guards.map(pathMatcher);
  const edits: Edit[] = changedUnits(old, now).flatMap(({ file, what }) => {
    const changed = byPath.get(file);
    return changed === undefined ? [] : [{ file: changed, command, what: `runs ${what} of it`, needle: what.startsWith("script ") ? JSON.stringify(what.slice("script ".length)) : "" }];
  });
  const runners = new Set([...old.units.values(), ...now.units.values()].map(({ file }) => file));
  for (const [path, file] of byPath) {
    // What a file of scripts holds was compared script by script.
    if (named(file, path, names) && !runners.has(path)) edits.push({ file, command, what: "runs or reads it by name", needle: "" });
    else if (guards.some((matches) => matches(path))) edits.push({ file, command, what: "declares it a guard", needle: "" });
  }
  return { edits, wants: new Set([...old.wants, ...now.wants]) };
}

/** Edits by command and file, in the order of the declarations. */
export function editedCommands(facts: Facts): Edits {
  const byPath = new Map<string, FileChange>();
  for (const file of facts.files) {
    byPath.set(pathText(file.path), file);
    if (file.status === "renamed" && file.old_path !== null) byPath.set(pathText(file.old_path), file);
  }
  const resting = facts.commands.filter(({ required, obligations }) => required || obligations.length > 0);
  const found = resting.map((command) => editsOf(command, facts, byPath));
  const first = new Map<string, Edit>();
  for (const edit of found.flatMap(({ edits }) => edits)) {
    const key = JSON.stringify([edit.command.name, edit.file.path]);
    if (!first.has(key)) first.set(key, edit);
  }
  const unread = facts.runners.flatMap(({ path, unread }) => (unread === null ? [] : [`${path}: ${unread}`]));
  return { edits: [...first.values()], unread: [...unread, ...found.flatMap(({ wants }) => [...wants].map((path) => `${path}: it was not handed over`))] };
}
