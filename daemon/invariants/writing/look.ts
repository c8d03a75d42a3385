/**
 * A document while it is being written: every mistake with its place in the text and in its own value, and everything of it
 * that is whole. One part that is not yet what it should be does not hide what is said of the others.
 */
import { Value } from "@sinclair/typebox/value";
import { InvariantDocument } from "../../../proto/invariant.ts";
import { build, Problems, type Compiled, type CompileOptions } from "../document/build.ts";
import { resolveFields, type Resolved } from "../document/fields.ts";
import type { Path } from "../document/path.ts";
import { shaped } from "../document/shape.ts";
import { readYaml } from "../document/yaml.ts";
import type { Problem } from "../problem.ts";
import { isMap } from "./text.ts";

export interface PlacedProblem extends Problem {
  /** How many characters into the value at `path` it begins; `null` where it is about all of it. */
  readonly offset: number | null;
}

export interface Look {
  /** In the order of the text. */
  readonly problems: readonly PlacedProblem[];
  /** Of what is whole; `null` where not even its events are known. */
  readonly compiled: Compiled | null;
  /** What its expressions may speak of. */
  readonly fields: Resolved["fields"];
  readonly byEvent: Resolved["byEvent"];
}

const CLAUSES = ["assert", "pre", "post", "temporal"];
/** For what is required and not there yet. */
const STAND_INS: Readonly<Record<string, unknown>> = { id: "UNNAMED", scope: "unnamed" };

function pathOf(pointer: string, root: unknown): Path {
  let at = root;
  return pointer.split("/").slice(1).map((segment) => {
    const name = segment.replaceAll("~1", "/").replaceAll("~0", "~");
    const part = Array.isArray(at) ? Number(name) : name;
    at = typeof at === "object" && at !== null ? Reflect.get(at, part) : undefined;
    return part;
  });
}

/** Takes what is at `path` out of a copy, or puts something in its place that says nothing. */
function without(document: Record<string, unknown>, [top, second, third]: Path): void {
  if (typeof top !== "string") return;
  const list = document[top];
  if (CLAUSES.includes(top) && Array.isArray(list) && typeof second === "number" && second < list.length) {
    const one: unknown = list[second];
    const main = top === "temporal" ? "formula" : "expr";
    const { [typeof third === "string" ? third : ""]: _, ...rest } = isMap(one) ? one : {};
    document[top] = list.with(second, { ...rest, ...(typeof rest[main] === "string" ? {} : { [main]: "true" }) });
  } else if (top === "when" && Array.isArray(list) && typeof second === "number") {
    document[top] = list.filter((one) => isMap(one) && Value.Check(InvariantDocument.properties.when.items, one));
  } else if (top === "fields" && isMap(list) && typeof second === "string") {
    const { [second]: _, ...rest } = list;
    document[top] = rest;
  } else if (Object.hasOwn(STAND_INS, top)) document[top] = STAND_INS[top];
  else delete document[top];
}

/** The document without what its schema refuses; `null` where too little is left. */
function tolerated(value: unknown): InvariantDocument | null {
  if (!isMap(value)) return null;
  const document: Record<string, unknown> = structuredClone(value);
  for (let round = 0; round < 3; round++) {
    if (Value.Check(InvariantDocument, document)) return document;
    for (const { path } of [...Value.Errors(InvariantDocument, document)]) without(document, pathOf(path, document));
  }
  return null;
}

const NOTHING_KNOWN = { fields: new Map(), byEvent: new Map() } as const;

export function look(text: string, options: CompileOptions = {}): Look {
  const yaml = readYaml(text);
  if ("problem" in yaml) return { problems: [{ ...yaml.problem, offset: null }], compiled: null, ...NOTHING_KNOWN };
  const shape = shaped(InvariantDocument, yaml);
  const refused = "problems" in shape ? shape.problems.map((problem) => ({ ...problem, offset: null })) : [];
  const document = "value" in shape ? shape.value : tolerated(yaml.value);
  if (document === null) return { problems: refused, compiled: null, ...NOTHING_KNOWN };
  const { fields, byEvent } = resolveFields(document, options.events ?? null, () => undefined);
  const problems = new Problems(yaml);
  // An example can only be judged by a rule that is whole.
  const { examples, ...rest } = document;
  const compiled = build("value" in shape || examples === undefined ? document : rest, problems, options);
  const silent = new Set(refused.map(({ path }) => path));
  const all = [...refused, ...problems.found.filter(({ path }) => !silent.has(path)).map((problem) => ({ ...problem, offset: problems.offsets.get(problem) ?? null }))];
  return { problems: all.sort((a, b) => a.line - b.line || a.column - b.column), compiled, fields, byEvent };
}
