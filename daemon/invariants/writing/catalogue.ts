/** The events that a document may speak of, with what is said about them: the folder's own, else those of the daemon. */
import { EventCatalogue } from "../../../proto/invariant.ts";
import type { Events } from "../document/fields.ts";
import { compileAll, type InvariantFile } from "../document/folder.ts";
import { shaped } from "../document/shape.ts";
import { readYaml } from "../document/yaml.ts";
import { ofTheDaemon, SHIPPED_EVENTS } from "../repository.ts";

export interface AboutEvent {
  readonly about: string;
  /** Of each field its type as it is written, and what it is. */
  readonly fields: Readonly<Record<string, { readonly type: string; readonly tainted: boolean; readonly about: string }>>;
}

export interface Known {
  readonly events: Events | null;
  readonly about: Readonly<Record<string, AboutEvent>>;
}

function aboutIn(text: string): Record<string, AboutEvent> {
  const yaml = readYaml(text);
  const shape = "problem" in yaml ? null : shaped(EventCatalogue, yaml);
  if (shape === null || "problems" in shape) return {};
  return Object.fromEntries(
    Object.entries(shape.value.events).map(([name, { about = "", fields }]) => [
      name,
      { about, fields: Object.fromEntries(Object.entries(fields).map(([field, said]) => [field, typeof said === "string" ? { type: said, tainted: false, about: "" } : { type: said.type, tainted: said.tainted ?? false, about: said.about ?? "" }])) },
    ]),
  );
}

/** `beside`: the catalogues of the document's folder. One that is broken counts as none. */
export function knownEvents(beside: readonly InvariantFile[]): Known {
  const { events } = compileAll(beside);
  if (events === null) return { events: ofTheDaemon(), about: aboutIn(SHIPPED_EVENTS) };
  return { events, about: Object.assign({}, ...beside.map(({ text }) => aboutIn(text))) as Record<string, AboutEvent> };
}
