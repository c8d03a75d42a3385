/**
 * YAML as a configuration may use it: plain data that reads the same to
 * everybody. Aliases, anchors, tags, merge keys, duplicate keys, several
 * documents, directives and keys that are not strings are refused, because each of them has
 * made two readers see two configurations.
 */
import type { LineCounter, Node } from "yaml";
import { fromUtf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";

/** A configuration a person wrote is a few KB; nesting alone costs the parser 0.8 s in 64 KB, and 12 s in 256. */
export const CONFIG_BYTES_MAX = 64 * 1024;
const DEPTH_MAX = 16;
/** The parser quotes what it stumbled over, however long that is. */
const MESSAGE_CHARACTERS_MAX = 200;

export interface YamlDocument {
  readonly value: unknown;
  /** Line (from 1) on which the value at that path starts, or on which the nearest parent of it does. */
  lineOf(path: readonly string[]): number;
}

/** Loaded with the first file: every daemon and check process paid 30 ms of processor time for it, and few read one. */
const yaml = (): typeof import("yaml") => require("yaml") as typeof import("yaml");

const key = (path: readonly string[]): string => path.join("\0");

class Reader {
  readonly lines = new Map<string, number>();
  readonly #is = yaml();

  constructor(private readonly name: string, private readonly counter: LineCounter, private readonly fractions: boolean) {}

  refuse(offset: number | undefined, what: string): MaestroError {
    const line = offset === undefined ? 1 : this.counter.linePos(offset).line;
    return new MaestroError("config.malformed", `${this.name}:${Math.max(1, line)}: ${what}`);
  }

  read(node: unknown, path: readonly string[]): unknown {
    if (node === null) return null;
    if (!this.#is.isNode(node)) throw this.refuse(undefined, "not a YAML node");
    const at = node.range?.[0];
    if (at !== undefined && !this.lines.has(key(path))) this.lines.set(key(path), this.counter.linePos(at).line);
    if (path.length > DEPTH_MAX) throw this.refuse(at, `nested deeper than ${DEPTH_MAX}`);
    if (this.#is.isAlias(node)) throw this.refuse(at, "aliases (*name) are not taken; write the value out");
    if (node.tag !== undefined) throw this.refuse(at, `tags (${node.tag}) are not taken`);
    return this.content(node, path, at);
  }

  private content(node: Node, path: readonly string[], at: number | undefined): unknown {
    if ("anchor" in node && node.anchor !== undefined) throw this.refuse(at, "anchors (&name) are not taken; write the value out");
    if (this.#is.isSeq(node)) return node.items.map((item, i) => this.read(item, [...path, String(i)]));
    if (this.#is.isMap(node)) return this.map(node.items, path);
    if (!this.#is.isScalar(node)) throw this.refuse(at, "not a scalar, list or map");
    const { value } = node;
    if (value === null || typeof value === "string" || typeof value === "boolean" || Number.isSafeInteger(value)) return value;
    if (this.fractions && typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER) return value;
    throw this.refuse(at, this.fractions ? "numbers are finite and below 2^53" : "numbers are whole and below 2^53");
  }

  private map(items: readonly { readonly key: unknown; readonly value: unknown }[], path: readonly string[]): unknown {
    const entries = new Map<string, unknown>();
    for (const item of items) {
      const [name, value] = this.pair(item.key, item.value, path);
      if (entries.has(name)) throw this.refuse(this.#is.isNode(item.key) ? item.key.range?.[0] : undefined, `the key ${name} stands there twice`);
      entries.set(name, value);
    }
    return Object.fromEntries(entries);
  }

  private pair(name: unknown, value: unknown, path: readonly string[]): [string, unknown] {
    const at = this.#is.isNode(name) ? name.range?.[0] : undefined;
    if (!this.#is.isScalar(name) || typeof name.value !== "string") throw this.refuse(at, "a key is a string; quote it");
    if (name.tag !== undefined || name.anchor !== undefined) throw this.refuse(at, "tags and anchors are not taken");
    if (name.value === "<<") throw this.refuse(at, "merge keys (<<) are not taken");
    const inner = [...path, name.value];
    if (at !== undefined) this.lines.set(key(inner), this.counter.linePos(at).line);
    return [name.value, this.read(value, inner)];
  }
}

/** Some nesting ends the parser's recursion with an error among its own, some with one it throws. */
function documentsIn(text: string, lineCounter: LineCounter, reader: Reader) {
  try {
    return yaml().parseAllDocuments(text, { version: "1.2", schema: "core", strict: true, uniqueKeys: false, prettyErrors: false, lineCounter });
  } catch (error) {
    if (error instanceof RangeError) throw reader.refuse(undefined, `nested deeper than ${DEPTH_MAX}`);
    throw error;
  }
}

/** Reads one document; a number has a fraction only where `fractions` says so. Throws `config.malformed` with `name` and line. */
export function readYaml(bytes: Uint8Array, name: string, fractions = false): YamlDocument {
  const counter = new (yaml().LineCounter)();
  const reader = new Reader(name, counter, fractions);
  if (bytes.length > CONFIG_BYTES_MAX) throw reader.refuse(undefined, `${bytes.length} bytes, limit ${CONFIG_BYTES_MAX}`);
  const text = fromUtf8(bytes);
  if (text === null) throw reader.refuse(undefined, "not valid UTF-8");
  // `%YAML 1.1` would turn the word `no` into false.
  if (/^%/m.test(text)) throw reader.refuse(undefined, "directives (a line that starts with %) are not taken");
  // The parser's own search for duplicate keys is quadratic (20 s for 20,000 keys), so `Reader` does it.
  const documents = documentsIn(text, counter, reader);
  if ("empty" in documents) throw reader.refuse(undefined, "the file is empty; it needs at least `version: 1`");
  const [document, second] = documents;
  if (second !== undefined) throw reader.refuse(second.range[0], "a second document (---); one is read");
  const problem = document?.errors[0] ?? document?.warnings[0];
  // Nesting ends the parser's recursion before it reaches `Reader`.
  if (problem?.message.includes("call stack") === true) throw reader.refuse(problem.pos[0], `nested deeper than ${DEPTH_MAX}`);
  if (problem !== undefined) throw reader.refuse(problem.pos[0], problem.message.slice(0, MESSAGE_CHARACTERS_MAX));
  const value = reader.read(document?.contents ?? null, []);
  return {
    value,
    lineOf(path) {
      for (let length = path.length; length >= 0; length--) {
        const line = reader.lines.get(key(path.slice(0, length)));
        if (line !== undefined) return line;
      }
      return 1;
    },
  };
}
