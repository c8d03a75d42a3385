/** A folder as it stands in a repository: where it has no events.yaml, the events of the daemon count beside those that a document declares itself. */
import shipped from "../../invariants/events.yaml" with { type: "text" };
import ids from "../../invariants/ids.json";
import type { Events } from "./document/fields.ts";
import { compileAll, type FileProblem, type Folder, type InvariantFile } from "./document/folder.ts";
import { readYaml } from "./document/yaml.ts";

/** The text of the catalogue that ships. */
export const SHIPPED_EVENTS = shipped;

let read: Events | undefined;

export function ofTheDaemon(): Events | null {
  if (read !== undefined) return read;
  const { events } = compileAll([{ name: "events.yaml", text: shipped }]);
  read = events === null ? undefined : { ...events, fallback: true };
  return read ?? null;
}

/** The same for whoever asks: the command line, a gate, a property test. */
export const compileRepository = (files: readonly InvariantFile[]): Folder => compileAll(files, { fallback: ofTheDaemon() });

const SHIPPED_IDS: ReadonlySet<string> = new Set(ids);

/** Ids that a daemon would not take of a rule whose folder has these events. A folder that declares the daemon's own itself is that of the rules that ship. */
export function takenBeside(events: Events | null): ReadonlySet<string> {
  const fallback = ofTheDaemon();
  const shipping = events !== fallback && events?.names.some((name) => fallback?.names.includes(name) === true) === true;
  return shipping ? new Set() : SHIPPED_IDS;
}

/** What a file of that name holds, by its one key. */
const KEPT_NAMES: Readonly<Record<string, { readonly key: string; readonly message: string }>> = {
  "events.yaml": { key: "events", message: "a file of this name holds events, and the Studio lists no rule of it" },
  "targets.yaml": { key: "targets", message: "a file of this name holds targets, and a daemon passes it over" },
};

/** Why a rule cannot be a file of that name; `null` where it can. */
export const keptName = (name: string): string | null => KEPT_NAMES[name]?.message ?? null;

function misnamed(files: readonly InvariantFile[]): FileProblem[] {
  return files.flatMap(({ name: file, text }) => {
    const kept = KEPT_NAMES[file.slice(file.lastIndexOf("/") + 1)];
    const yaml = kept === undefined ? { problem: null } : readYaml(text);
    if (kept === undefined || "problem" in yaml || (typeof yaml.value === "object" && yaml.value !== null && Object.hasOwn(yaml.value, kept.key))) return [];
    return [{ file, path: "", line: 1, column: 1, message: kept.message, fix: "give the file the name of its rule, such as team-call-cap.yaml" }];
  });
}

/** As somebody writes it for a daemon: with what that daemon would refuse or pass over. */
export function compileOwn(files: readonly InvariantFile[]): Folder {
  const found = compileRepository(files);
  const taken = takenBeside(found.events);
  const folder = found.compiled.some(({ id }) => taken.has(id)) ? compileAll(files, { fallback: ofTheDaemon(), taken }) : found;
  const names = misnamed(files);
  return names.length === 0 ? folder : { ...folder, errors: [...names, ...folder.errors] };
}
