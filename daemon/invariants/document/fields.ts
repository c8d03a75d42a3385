/** Which fields an invariant may speak of: what it declares, or what the catalogue says of its events. */
import type { EventCatalogue, InvariantDocument } from "../../../proto/invariant.ts";
import { nearest } from "../../../proto/suggest.ts";
import type { Field, Fields } from "../types/scope.ts";
import { parseType, sameType, typeText } from "../types/type.ts";
import type { Path } from "./path.ts";

export type Report = (path: Path, message: string, fix: string) => void;
type Declarations = NonNullable<InvariantDocument["fields"]>;

const TYPES = ["int", "money", "double", "bool", "string", "duration"];

function readFields(declarations: Declarations, path: Path, report: Report): Fields {
  const fields = new Map<string, Field>();
  for (const [name, declaration] of Object.entries(declarations)) {
    const { type: text, tainted = false } = typeof declaration === "string" ? { type: declaration } : declaration;
    const type = parseType(text);
    if ("wrong" in type) report([...path, name], type.wrong, `write one of ${TYPES.join(", ")}, enum[a, b], list<T>${nearest(text, TYPES) === null ? "" : `; did you mean ${nearest(text, TYPES)}?`}`);
    else fields.set(name, { type, tainted });
  }
  return fields;
}

export interface Events {
  /** Fields of an event, or `null` for one there is not. */
  of(event: string): Fields | null;
  readonly names: readonly string[];
  /** It counts where a folder has none of its own: events that it does not have may be declared by whoever speaks of them. */
  readonly fallback?: boolean;
}

/** Reads a catalogue once for all invariants of a folder. */
export function readEvents(catalogue: EventCatalogue, report: Report): Events {
  const events = new Map(Object.entries(catalogue.events).map(([name, { fields }]) => [name, readFields(fields, ["events", name, "fields"], report)]));
  return { of: (event) => events.get(event) ?? null, names: [...events.keys()] };
}

/** What every one of `all` carries, with the same type. */
function common(all: readonly Fields[]): Fields {
  const [first, ...rest] = all;
  const shared = [...(first ?? [])].filter(([name, { type }]) => rest.every((fields) => fields.has(name) && sameType(type, fields.get(name)!.type)));
  return new Map(shared.map(([name, field]) => [name, { ...field, tainted: all.some((fields) => fields.get(name)?.tainted) }]));
}

/** A declaration may say less than the catalogue, never otherwise; and what the catalogue calls tainted stays so. */
function agree(declared: Fields, event: string, carried: Fields, report: Report): Fields {
  const fields = new Map(declared);
  for (const [name, field] of declared) {
    const known = carried.get(name);
    if (known === undefined) report(["fields", name], `the event ${event} carries no ${name}`, `it carries ${[...carried.keys()].join(", ") || "nothing"}; declare it in events.yaml under events.${event}.fields`);
    else if (!sameType(known.type, field.type)) report(["fields", name], `the event ${event} carries ${name} as ${typeText(known.type)}, not as ${typeText(field.type)}`, `write ${name}: ${typeText(known.type)}`);
    else fields.set(name, { ...field, tainted: field.tainted || known.tainted });
  }
  return fields;
}

export interface Resolved {
  /** What every event of `when` carries. */
  readonly fields: Fields;
  readonly byEvent: ReadonlyMap<string, Fields>;
  /** Where a field that is missing has to be declared. */
  readonly declare: string;
}

/** Without a catalogue an invariant declares its fields itself; without `fields` the catalogue has them. */
export function resolveFields(document: InvariantDocument, events: Events | null, report: Report): Resolved {
  const declared = document.fields === undefined ? null : readFields(document.fields, ["fields"], report);
  const byEvent = new Map<string, Fields>();
  for (const [i, { event }] of document.when.entries()) {
    const path = ["when", i, "event"];
    const carried = events?.of(event) ?? null;
    if (byEvent.has(event)) report(path, `the event ${event} stands there twice`, "take one out");
    else if (carried !== null) byEvent.set(event, declared === null ? carried : agree(declared, event, carried, report));
    else {
      const near = events === null ? null : nearest(event, events.names);
      const free = events === null || (events.fallback === true && near === null);
      if (!free) report(path, `there is no event ${event}`, `${near === null ? "" : `did you mean ${near}? Else `}declare it in events.yaml beside this file: events: {${event}: {fields: {...}}}`);
      else if (declared !== null) byEvent.set(event, declared);
      else report(path, `nothing says which fields the event ${event} carries`, "declare them under fields, or declare the event in events.yaml beside this file");
    }
  }
  const [first] = document.when;
  return { fields: common([...byEvent.values()]), byEvent, declare: declared === null ? `in events.yaml under events.${first?.event ?? "EVENT"}.fields` : "under fields" };
}
