/** A document against its schema: every mistake with its place and what to write instead. */
import { Kind, type Static, type TSchema } from "@sinclair/typebox";
import { Value, ValueErrorType, type ValueError } from "@sinclair/typebox/value";
import { nearest } from "../../../proto/suggest.ts";
import type { Problem } from "../problem.ts";
import { pathText, type Path } from "./path.ts";
import type { YamlText } from "./yaml.ts";

const PROBLEMS_MAX = 20;

/** JSON pointer (RFC 6901), as TypeBox writes it. */
function pathOf(pointer: string, root: unknown): Path {
  const path: (string | number)[] = [];
  let value = root;
  for (const segment of pointer.split("/").slice(1)) {
    const name = segment.replaceAll("~1", "/").replaceAll("~0", "~");
    path.push(Array.isArray(value) ? Number(name) : name);
    value = typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
  }
  return path;
}

function words(schema: TSchema): readonly string[] | null {
  if (schema[Kind] !== "Union") return null;
  const all: unknown[] = schema["anyOf"].map((option: TSchema) => option["const"]);
  return all.every((word) => typeof word === "string") ? all : null;
}

function unknownKey(error: ValueError, name: string): readonly [message: string, fix: string] {
  const known = Object.keys((error.schema["properties"] as object | undefined) ?? {});
  const near = nearest(name, known);
  if (known.length === 0) return [`${name.slice(0, 64)} is no name`, "write letters, digits and _, a letter first"];
  return [`${name.slice(0, 64)} is not known here`, near === null ? `known are ${known.join(", ")}` : `did you mean ${near}?`];
}

/** What somebody wrote, as far as it is worth repeating; a pattern says less to a person. */
function shownValue(value: unknown): string {
  const text = JSON.stringify(value) ?? "this";
  return text.length > 64 ? `${text.slice(0, 64).toWellFormed()}…` : text;
}

function say(error: ValueError, path: Path): readonly [message: string, fix: string] {
  const name = String(path.at(-1) ?? "the document");
  if (error.type === ValueErrorType.ObjectAdditionalProperties) return unknownKey(error, name);
  if (error.type === ValueErrorType.ObjectRequiredProperty) return [`${name} is required`, `add ${name}; see docs/invariants.md`];
  if (error.type === ValueErrorType.StringMinLength) return [`${name} is empty`, `write something there, or leave ${name} away`];
  const choice = words(error.schema);
  if (choice !== null) return [`${name} is none of the words that can stand there`, `write one of ${choice.join(", ")}`];
  const description: unknown = error.schema["description"];
  const form = error.type === ValueErrorType.StringPattern || error.type === ValueErrorType.Union;
  const message = form ? `${shownValue(error.value)} cannot stand there` : error.message.charAt(0).toLowerCase() + error.message.slice(1);
  return [message, typeof description === "string" ? `write ${description}` : "see docs/invariants.md"];
}

/** Of a choice of forms: what is wrong by the one that fits furthest. */
function deepest(error: ValueError): ValueError {
  const inner = error.errors.flatMap((form) => form.First() ?? []).map(deepest);
  return inner.filter(({ path }) => path.length > error.path.length).sort((a, b) => b.path.length - a.path.length)[0] ?? error;
}

/** The value as what `schema` says, or every mistake in it, in the order of the file. */
export function shaped<S extends TSchema>(schema: S, yaml: YamlText): { readonly value: Static<S> } | { readonly problems: readonly Problem[] } {
  const { value } = yaml;
  if (Value.Check(schema, value)) return { value };
  const problems = new Map<string, Problem>();
  for (const found of Value.Errors(schema, value)) {
    const error = deepest(found);
    const path = pathOf(error.path, value);
    const [message, fix] = say(error, path);
    // A key that is not there has two errors, and the first says it.
    if (!problems.has(error.path)) problems.set(error.path, { path: pathText(path), ...(error.type === ValueErrorType.ObjectAdditionalProperties ? yaml.placeOfKey(path) : yaml.placeOf(path)), message, fix });
    if (problems.size >= PROBLEMS_MAX) break;
  }
  return { problems: [...problems.values()].sort((a, b) => a.line - b.line || a.column - b.column) };
}
