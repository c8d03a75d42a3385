/** A folder as it stands in a repository: where it has no events.yaml, the events of the daemon count beside those that a document declares itself. */
import shipped from "../../invariants/events.yaml" with { type: "text" };
import type { Events } from "./document/fields.ts";
import { compileAll, type Folder, type InvariantFile } from "./document/folder.ts";

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
