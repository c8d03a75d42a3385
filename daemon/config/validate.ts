/** A document against its schema, with messages that say where and what instead. */
import { Kind, type Static, type TSchema } from "@sinclair/typebox";
import { Value, ValueErrorType, type ValueError } from "@sinclair/typebox/value";
import { MaestroError } from "../../proto/errors.ts";
import { nearest } from "../../proto/suggest.ts";
import type { YamlDocument } from "./yaml.ts";

type Path = readonly string[];

/** A key may be as long as its file; a message stays readable. */
const PATH_CHARACTERS_MAX = 200;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface Unknown {
  readonly path: Path;
  readonly known: readonly string[];
}

/** The first key no schema names, in the order of the file. */
function unknownKey(schema: TSchema, value: unknown, path: Path): Unknown | null {
  if (Array.isArray(value) && schema["items"] !== undefined) {
    for (const [i, item] of value.entries()) {
      const found = unknownKey(schema["items"], item, [...path, String(i)]);
      if (found !== null) return found;
    }
  }
  if (!isObject(value) || schema["type"] !== "object") return null;
  const properties: Readonly<Record<string, TSchema>> = schema["properties"] ?? {};
  const patterns: readonly [string, TSchema][] = Object.entries(schema["patternProperties"] ?? {});
  for (const [name, inner] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name) ? properties[name] : patterns.find(([pattern]) => new RegExp(pattern).test(name))?.[1];
    if (known === undefined) return { path: [...path, name], known: Object.keys(properties) };
    const found = unknownKey(known, inner, [...path, name]);
    if (found !== null) return found;
  }
  return null;
}

/** The words a closed choice takes, or `null` for any other schema. */
function choices(schema: TSchema): readonly string[] | null {
  if (schema[Kind] !== "Union") return null;
  const words: unknown[] = schema["anyOf"].map((option: TSchema) => option["const"]);
  return words.every((word) => typeof word === "string") ? words : null;
}

function say(error: ValueError): string {
  const words = choices(error.schema);
  if (words !== null) return `one of ${words.join(", ")} is expected`;
  if (error.type === ValueErrorType.ObjectRequiredProperty) return "is required";
  const text = error.message.charAt(0).toLowerCase() + error.message.slice(1);
  const description: unknown = error.schema["description"];
  return typeof description === "string" ? `${text} (${description})` : text;
}

/** JSON pointer (RFC 6901), as TypeBox writes it. */
function segments(pointer: string): Path {
  return pointer.split("/").slice(1).map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The value as what `schema` says. Throws `config.unknown_key` or `config.malformed`, with file, line and path. */
export function validate<S extends TSchema>(schema: S, document: YamlDocument, name: string): Static<S> {
  const { value } = document;
  const where = (path: Path) => `${name}:${document.lineOf(path)}: ${path.join(".").slice(0, PATH_CHARACTERS_MAX) || "the document"}`;
  const unknown = unknownKey(schema, value, []);
  if (unknown !== null) {
    const near = nearest(unknown.path.at(-1)!, unknown.known);
    const hint = near !== null ? `; did you mean ${near}?` : unknown.known.length > 0 ? `; known here: ${unknown.known.join(", ")}` : "";
    throw new MaestroError("config.unknown_key", `${where(unknown.path)} is not known${hint}`);
  }
  if (Value.Check(schema, value)) return value;
  const first = Value.Errors(schema, value).First();
  throw new MaestroError("config.malformed", first === undefined ? `${name}: not a configuration` : `${where(segments(first.path))}: ${say(first)}`);
}
