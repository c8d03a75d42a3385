/**
 * A JSON Schema as a grammar that llama.cpp samples within (GBNF). Every text of the grammar parses and fits the schema. What the schema leaves open is
 * bounded, and the answer says so: a small model fills an open number or string until its tokens are used up.
 */
import { MaestroError } from "../../../proto/errors.ts";

const SCHEMA_CHARACTERS_MAX = 64 * 1024;
const DEPTH_MAX = 16;
/** Of the schema as JSON, with what means nothing here: it goes to the worker in one frame, whose own limit is 64. */
const JSON_DEPTH_MAX = 48;
const NODES_MAX = 512;
/** Of one choice between schemas, with those inside it: the engine tries each token of the model in every one that is still open, which takes seconds where they are hundreds (measured). */
const CHOICES_MAX = 32;
/** Of a grammar: repetitions are written out by the engine. */
const REPEAT_MAX = 256;
const STRING_CHARACTERS = 256;
const ITEMS = 16;
/** Decimal digits of an integer that the schema does not bound, and of a number before and after its point. */
const DIGITS = 6;

/** Meaning nothing to what may be written. */
const ANNOTATIONS = new Set(["title", "description", "default", "examples", "$schema", "$id", "$comment", "deprecated", "readOnly", "writeOnly"]);
const OF_TYPE: Readonly<Record<string, readonly string[]>> = {
  object: ["properties", "required", "additionalProperties"],
  array: ["items", "minItems", "maxItems"],
  string: ["minLength", "maxLength"],
  integer: ["minimum", "maximum"],
  number: [],
  boolean: [],
  null: [],
};

export interface SchemaGrammar {
  readonly gbnf: string;
  readonly bounded: boolean;
}

const refuse = (path: string, why: string): MaestroError => new MaestroError("models.request", `json_schema${path}: ${why}`);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);
/** A text of the grammar that stands for these characters. */
const literal = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t")}"`;

class Grammar {
  bounded = false;
  readonly #rules: string[] = [];
  /** Schemas that are open at once where a rule begins; one where it is not here. */
  readonly #open = new Map<string, number>();
  #nodes = 0;

  /** The name of a rule with this body. */
  rule(body: string): string {
    const name = `r${this.#rules.length}`;
    this.#rules.push(`${name} ::= ${body}`);
    return name;
  }

  text(root: string): string {
    return [`root ::= ${root}`, ...this.#rules, String.raw`char ::= [^"\\\x7F\x00-\x1F] | "\\" ["\\bfnrt]`, ""].join("\n");
  }

  of(schema: unknown, path: string, depth: number): string {
    if (depth > DEPTH_MAX) throw refuse(path, `deeper than ${DEPTH_MAX}`);
    if (++this.#nodes > NODES_MAX) throw refuse(path, `more than ${NODES_MAX} schemas`);
    if (!isObject(schema)) throw refuse(path, "not an object");
    const keys = Object.keys(schema).filter((key) => !ANNOTATIONS.has(key));
    for (const [key, values] of [["enum", schema["enum"]], ["const", "const" in schema ? [schema["const"]] : undefined]] as const) {
      if (values === undefined) continue;
      const stranger = keys.find((other) => other !== key && other !== "type");
      if (stranger !== undefined) throw refuse(path, `${stranger} beside ${key}`);
      return this.#constants(values, schema["type"], `${path}.${key}`);
    }
    for (const key of ["anyOf", "oneOf"]) if (key in schema) return this.#choice(schema[key], keys, key, path, depth);
    return this.#typed(schema, keys, path, depth);
  }

  #constants(values: unknown, type: unknown, path: string): string {
    if (!Array.isArray(values) || values.length === 0 || values.length > NODES_MAX) throw refuse(path, `needs 1 to ${NODES_MAX} values`);
    const texts = values.map((value: unknown) => {
      if (typeof value === "object" && value !== null) throw refuse(path, "only strings, numbers, booleans and null");
      const types: readonly unknown[] = type === undefined ? [] : Array.isArray(type) ? type : [type];
      if (type !== undefined && !types.some((one) => typeof one === "string" && fits(value, one))) throw refuse(path, `a value that is not of type ${types.join(" or ")}`);
      return JSON.stringify(value);
    });
    return this.rule(branches([...new Set(texts)].map((text) => [...text])));
  }

  /** With `oneOf` a text may fit two of them, which the schema forbids: only what cannot overlap is taken. */
  #choice(of: unknown, keys: readonly string[], key: string, path: string, depth: number): string {
    if (keys.length > 1) throw refuse(path, `${keys.find((other) => other !== key)} beside ${key}`);
    if (!Array.isArray(of) || of.length === 0 || of.length > CHOICES_MAX) throw refuse(`${path}.${key}`, `needs 1 to ${CHOICES_MAX} schemas`);
    const types = of.map((one: unknown) => (isObject(one) && typeof one["type"] === "string" ? one["type"].replace("integer", "number") : null));
    if (key === "oneOf" && of.length > 1 && (types.includes(null) || new Set(types).size < types.length)) throw refuse(`${path}.oneOf`, "only of schemas of different types; anyOf takes others");
    const rules = of.map((one: unknown, i) => this.of(one, `${path}.${key}[${i}]`, depth + 1));
    const open = rules.reduce((sum, rule) => sum + (this.#open.get(rule) ?? 1), 0);
    if (open > CHOICES_MAX) throw refuse(`${path}.${key}`, `with the choices inside it ${open} schemas, the limit is ${CHOICES_MAX}`);
    const rule = this.rule(rules.join(" | "));
    this.#open.set(rule, open);
    return rule;
  }

  #typed(schema: Readonly<Record<string, unknown>>, keys: readonly string[], path: string, depth: number): string {
    const { type } = schema;
    if (Array.isArray(type) && type.length > 0) {
      if (keys.length > 1) throw refuse(path, "several types beside other keywords; use anyOf");
      // A type that stands there twice opens as much again for each token.
      return this.rule([...new Set<unknown>(type)].map((one) => this.of({ type: one }, path, depth + 1)).join(" | "));
    }
    const known = typeof type === "string" && Object.hasOwn(OF_TYPE, type) ? OF_TYPE[type] : undefined;
    if (typeof type !== "string" || known === undefined) throw refuse(path, "needs type, enum, const, anyOf or oneOf");
    const stranger = keys.find((key) => key !== "type" && !known.includes(key));
    if (stranger !== undefined) throw refuse(path, `${stranger} is not supported`);
    if (type === "object") return this.#object(schema, path, depth);
    if (type === "array") return this.#array(schema, path, depth);
    if (type === "string") return this.#string(schema, path);
    if (type === "integer") return this.#integer(schema, path);
    if (type === "boolean") return this.rule('"true" | "false"');
    if (type === "null") return this.rule('"null"');
    this.bounded = true;
    // No exponent and no negative zero: every one of these is written by JSON.stringify again.
    return this.rule(`"-"? ("0" | [1-9] [0-9]{0,${DIGITS - 1}}) ("." [0-9]{1,${DIGITS}})?`);
  }

  #object(schema: Readonly<Record<string, unknown>>, path: string, depth: number): string {
    const { properties = {}, required = [], additionalProperties = false } = schema;
    if (!isObject(properties)) throw refuse(`${path}.properties`, "not an object");
    if (additionalProperties !== false && additionalProperties !== true) throw refuse(`${path}.additionalProperties`, "only true or false; no others are written either way");
    const names = Object.keys(properties);
    if (!Array.isArray(required) || !required.every((name): name is string => typeof name === "string")) throw refuse(`${path}.required`, "not a list of names");
    const stranger = required.find((name) => !names.includes(name));
    if (stranger !== undefined) throw refuse(`${path}.required`, `${stranger} is not among the properties`);
    // All are written, in the order of the schema: an optional one may be there.
    const members = names.map((name) => `${literal(`${JSON.stringify(name)}: `)} ${this.of(properties[name], `${path}.properties.${name}`, depth + 1)}`);
    return this.rule(`"{" ${members.join(' ", " ')} "}"`.replace("  ", " "));
  }

  #array(schema: Readonly<Record<string, unknown>>, path: string, depth: number): string {
    const [min, max] = this.#bounds(schema, "minItems", "maxItems", ITEMS, path);
    if (schema["items"] === undefined) throw refuse(path, "an array needs items");
    const item = this.of(schema["items"], `${path}.items`, depth + 1);
    if (max === 0) return this.rule('"[]"');
    const some = `"[" ${item} (", " ${item}){${Math.max(0, min - 1)},${max - 1}} "]"`;
    return this.rule(min === 0 ? `"[]" | ${some}` : some);
  }

  #string(schema: Readonly<Record<string, unknown>>, path: string): string {
    const [min, max] = this.#bounds(schema, "minLength", "maxLength", STRING_CHARACTERS, path);
    return this.rule(max === 0 ? String.raw`"\"\""` : String.raw`"\"" char{${min},${max}} "\""`);
  }

  #integer(schema: Readonly<Record<string, unknown>>, path: string): string {
    const most = 10 ** DIGITS - 1;
    const bound = (key: string): number | null => {
      const value = schema[key];
      if (value === undefined) return null;
      if (typeof value !== "number" || !Number.isSafeInteger(value)) throw refuse(`${path}.${key}`, "not a whole number");
      return value;
    };
    const [low, high] = [bound("minimum"), bound("maximum")];
    if (low === null || high === null) this.bounded = true;
    const from = low ?? Math.min(-most, (high ?? 0) - most);
    const to = high ?? Math.max(most, (low ?? 0) + most);
    if (from > to) throw refuse(path, "minimum is more than maximum");
    const parts = [...(from < 0 ? range(Math.max(1, -to), -from).map((one) => `"-" ${one}`) : []), ...(to >= 0 ? range(Math.max(0, from), to) : [])];
    return this.rule(parts.join(" | "));
  }

  #bounds(schema: Readonly<Record<string, unknown>>, least: string, most: string, otherwise: number, path: string): readonly [number, number] {
    const [min = 0, given] = [schema[least], schema[most]];
    if (given === undefined) this.bounded = true;
    const max = given ?? Math.max(otherwise, Number(min));
    for (const [key, value] of [[least, min], [most, max]] as const) {
      if (typeof value !== "number" || !Number.isInteger(value) || value < 0) throw refuse(`${path}.${key}`, "not a count");
    }
    if (Number(min) > Number(max)) throw refuse(path, `${least} is more than ${most}`);
    if (Number(min) > REPEAT_MAX) throw refuse(`${path}.${least}`, `more than ${REPEAT_MAX}`);
    if (Number(max) > REPEAT_MAX) this.bounded = true;
    return [Number(min), Math.min(Number(max), REPEAT_MAX)];
  }
}

/** Texts that are all different, told apart where they first differ: one that waits for hundreds at once is slow. */
function branches(texts: readonly (readonly string[])[]): string {
  const [first = []] = texts;
  if (texts.length === 1) return literal(first.join(""));
  let common = 0;
  while (texts.every((text) => common < text.length && text[common] === first[common])) common++;
  const groups = Map.groupBy(texts, (text) => text[common]);
  const rests = [...groups].map(([next, group]) => (next === undefined ? '""' : branches(group.map((text) => text.slice(common)))));
  return `${common === 0 ? "" : `${literal(first.slice(0, common).join(""))} `}(${rests.join(" | ")})`;
}

function fits(value: unknown, type: string): boolean {
  if (type === "integer") return Number.isInteger(value);
  return type === "null" ? value === null : typeof value === type;
}

/** Grammars of the whole numbers from `low` to `high`, both at least 0: for each count of digits, cut at the first place where they differ. */
function range(low: number, high: number): string[] {
  const parts: string[] = [];
  for (let from = low; from <= high; ) {
    const digits = String(from).length;
    const to = Math.min(high, 10 ** digits - 1);
    parts.push(...sameLength(String(from), String(to)));
    from = to + 1;
  }
  return parts;
}

function sameLength(low: string, high: string): string[] {
  if (low === "") return ['""'];
  const [first = "", last = ""] = [low[0], high[0]];
  const rest = low.length - 1;
  const any = rest === 0 ? "" : ` [0-9]{${rest}}`;
  const whole = (from: string, to: string): string => `[${from}-${to}]${any}`;
  if (rest === 0) return [whole(first, last)];
  if (first === last) return sameLength(low.slice(1), high.slice(1)).map((one) => `"${first}" ${one}`);
  const [open_low, open_high] = [/^0*$/.test(low.slice(1)), /^9*$/.test(high.slice(1))];
  const [from, to] = [open_low ? Number(first) : Number(first) + 1, open_high ? Number(last) : Number(last) - 1];
  return [
    ...(open_low ? [] : sameLength(low.slice(1), "9".repeat(rest)).map((one) => `"${first}" ${one}`)),
    ...(from <= to ? [whole(String(from), String(to))] : []),
    ...(open_high ? [] : sameLength("0".repeat(rest), high.slice(1)).map((one) => `"${last}" ${one}`)),
  ];
}

/** Looks level by level: what is nested a million times would end the stack of whoever follows it down. */
function requireShallow(schema: unknown): void {
  for (let [level, depth]: [unknown[], number] = [[schema], 0]; level.length > 0; depth++) {
    if (depth > JSON_DEPTH_MAX) throw refuse("", `deeper than ${JSON_DEPTH_MAX}`);
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? Object.values(value) : []));
  }
}

/** Throws `models.request` with the place and the reason where the schema is not one that a grammar can keep to. */
export function schemaGrammar(schema: unknown): SchemaGrammar {
  requireShallow(schema);
  const size = JSON.stringify(schema)?.length ?? 0;
  if (size > SCHEMA_CHARACTERS_MAX) throw refuse("", `${size} characters, the limit is ${SCHEMA_CHARACTERS_MAX}`);
  const grammar = new Grammar();
  const root = grammar.of(schema, "", 0);
  return { gbnf: grammar.text(root), bounded: grammar.bounded };
}
