/**
 * YAML as an invariant may use it: plain data that reads the same to
 * everybody, and every value's place. Aliases, anchors, tags, merge keys,
 * duplicate keys, directives and several documents are refused; an alias
 * could make a cycle, or a gigabyte of a line.
 */
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseAllDocuments, type Node, type Scalar } from "yaml";
import { INVARIANT_BYTES_MAX } from "../../../proto/invariant.ts";
import type { Problem } from "../problem.ts";
import { pathText, type Path, type Place } from "./path.ts";

export interface YamlText {
  readonly value: unknown;
  /** Where the value at that path stands, or its key, or the nearest parent that is there; `offset` counts characters into a string. */
  placeOf(path: Path, offset?: number): Place;
  /** Where the key itself stands. */
  placeOfKey(path: Path): Place;
}

const DEPTH_MAX = 16;
const MESSAGE_CHARACTERS_MAX = 200;

/** Carries a problem out of the recursion below. */
class Refused extends Error {
  constructor(
    readonly offset: number,
    readonly path: Path,
    message: string,
    readonly fix: string,
  ) {
    super(message);
    this.name = "Refused";
  }
}

const key = (path: Path): string => path.join("\0");

class Reader {
  readonly values = new Map<string, Node>();
  readonly keys = new Map<string, number>();

  read(node: unknown, path: Path): unknown {
    if (node === null) return null;
    if (!isNode(node)) throw new Refused(0, path, "not a YAML node", "write plain YAML");
    const at = node.range?.[0] ?? 0;
    this.values.set(key(path), node);
    if (path.length > DEPTH_MAX) throw new Refused(at, path, `nested deeper than ${DEPTH_MAX}`, "write a flatter document");
    if (isAlias(node)) throw new Refused(at, path, "aliases (*name) are not taken", "write the value out");
    if (node.tag !== undefined) throw new Refused(at, path, `tags (${node.tag.slice(0, 40)}) are not taken`, "leave the tag away");
    if ("anchor" in node && node.anchor !== undefined) throw new Refused(at, path, "anchors (&name) are not taken", "write the value out");
    if (isSeq(node)) return node.items.map((item, i) => this.read(item, [...path, i]));
    if (isMap(node)) return this.map(node.items, path);
    if (!isScalar(node)) throw new Refused(at, path, "not a scalar, list or map", "write plain YAML");
    const { value } = node;
    if (typeof value !== "number" || (Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value)))) return value;
    throw new Refused(at, path, "the number is not exact as it stands", "quote it: '9223372036854775807'");
  }

  private map(items: readonly { readonly key: unknown; readonly value: unknown }[], path: Path): unknown {
    const entries = new Map<string, unknown>();
    for (const { key: name, value } of items) {
      const at = isNode(name) ? (name.range?.[0] ?? 0) : 0;
      if (!isScalar(name) || typeof name.value !== "string") throw new Refused(at, path, "a key is a string", "quote it");
      if (name.tag !== undefined || name.anchor !== undefined) throw new Refused(at, path, "tags and anchors are not taken", "leave them away");
      // An object's own past in JavaScript: what is written there is lost to whoever copies it.
      if (name.value === "__proto__") throw new Refused(at, path, "the name __proto__ is not taken", "call it otherwise");
      if (name.value === "<<") throw new Refused(at, path, "merge keys (<<) are not taken", "write the values out");
      if (entries.has(name.value)) throw new Refused(at, path, `the key ${name.value.slice(0, 64)} stands there twice`, "take one of them out");
      const inner = [...path, name.value];
      this.keys.set(key(inner), at);
      entries.set(name.value, this.read(value, inner));
    }
    return Object.fromEntries(entries);
  }
}

/** Where character `offset` of a string stands in the file: exact unless it is escaped or folded. */
function offsetIn(scalar: Scalar, text: string, offset: number): number {
  const [start, end] = scalar.range ?? [0, 0];
  const value = String(scalar.value);
  for (const skip of [0, 1]) if (text.slice(start + skip, end - skip) === value) return start + skip + offset;
  if (scalar.type !== "BLOCK_LITERAL") return start;
  // `|` and then each line of the value, indented.
  const before = value.slice(0, offset).split("\n");
  let line = text.indexOf("\n", start) + 1;
  const indent = /^\n*( *)/.exec(text.slice(line))?.[1]?.length ?? 0;
  for (let i = 1; i < before.length; i++) line = text.indexOf("\n", line) + 1;
  return line + indent + (before.at(-1)?.length ?? 0);
}

const problemAt = (place: Place, path: Path, message: string, fix: string): { readonly problem: Problem } => ({ problem: { path: pathText(path), ...place, message, fix } });

function parsed(text: string, lines: LineCounter): ReturnType<typeof parseAllDocuments> | { readonly deep: true } {
  try {
    // The parser's own search for duplicate keys is quadratic, so `Reader` does it.
    return parseAllDocuments(text, { version: "1.2", schema: "core", strict: true, uniqueKeys: false, prettyErrors: false, lineCounter: lines });
  } catch (error) {
    if (error instanceof RangeError) return { deep: true };
    throw error;
  }
}

/** One document, or what is wrong with it. */
export function readYaml(text: string): YamlText | { readonly problem: Problem } {
  const top: Place = { line: 1, column: 1 };
  if (text.length > INVARIANT_BYTES_MAX) return problemAt(top, [], `${text.length} characters, limit ${INVARIANT_BYTES_MAX}`, "split the file");
  const directive = /^%/m.exec(text);
  if (directive !== null) return problemAt({ line: text.slice(0, directive.index).split("\n").length, column: 1 }, [], "directives (a line that starts with %) are not taken", "leave it away");
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const documents = parsed(text, lines);
  const deep = problemAt(top, [], `nested deeper than ${DEPTH_MAX}`, "write a flatter document");
  if ("deep" in documents) return deep;
  if ("empty" in documents) return problemAt(top, [], "the file is empty", "write id, scope, when and assert; see docs/invariants.md");
  const [document, second] = documents;
  if (document === undefined || second !== undefined) return problemAt(place(second?.range?.[0] ?? 0), [], "a second document (---)", "give it a file of its own");
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault?.message.includes("call stack") === true) return deep;
  if (fault !== undefined) return problemAt(place(fault.pos[0]), [], fault.message.slice(0, MESSAGE_CHARACTERS_MAX), "see yaml.org; quote what holds a colon, a # or a {");
  const reader = new Reader();
  try {
    const value = reader.read(document.contents, []);
    return { value, placeOf: (path, offset = 0) => place(offsetOf(reader, text, path, offset)), placeOfKey: (path) => place(reader.keys.get(key(path)) ?? offsetOf(reader, text, path, 0)) };
  } catch (error) {
    if (error instanceof Refused) return problemAt(place(error.offset), error.path, error.message, error.fix);
    throw error;
  }
}

function offsetOf(reader: Reader, text: string, path: Path, offset: number): number {
  for (let length = path.length; length >= 0; length--) {
    const here = key(path.slice(0, length));
    const node = reader.values.get(here);
    if (length === path.length && isScalar(node)) return offsetIn(node, text, offset);
    const at = reader.keys.get(here) ?? node?.range?.[0];
    if (at !== undefined) return at;
  }
  return 0;
}
