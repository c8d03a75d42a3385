/**
 * A text of YAML brought to say another value, by changing no more of it than that takes: comments, order and quotes of the
 * rest stay byte for byte. Whatever was written is read once more; where that is not the value, a larger part is written anew.
 */
import { isMap as isYamlMap, isScalar, isSeq, parseDocument, type Pair, type Scalar, type YAMLMap, type YAMLSeq } from "yaml";
import type { Path } from "../document/path.ts";
import { readYaml } from "../document/yaml.ts";
import { behindDash, behindKey, entriesAt, inline, isMap, map, needsNone, type Quotes } from "./text.ts";

const HEAD = "# yaml-language-server: $schema=./invariant.schema.json\n";

/** A whole document in the form of the shipped ones. */
export const written = (value: Readonly<Record<string, unknown>>): string => `${HEAD}${map(value, [], "")}\n`;

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What the changes cannot be made in at this depth. */
class Coarser extends Error {}

/** Whether both are the same plain data, whatever the order of keys. */
export function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => same(item, b[i]));
  if (!isMap(a) || !isMap(b)) return a === b;
  const names = Object.keys(a).filter((name) => a[name] !== undefined);
  return names.length === Object.keys(b).filter((name) => b[name] !== undefined).length && names.every((name) => Object.hasOwn(b, name) && same(a[name], b[name]));
}

const rangeOf = (node: { readonly range?: readonly [number, number, number] | null | undefined } | null | undefined): readonly [number, number] => {
  if (node?.range == null) throw new Coarser("a place that is not known");
  return [node.range[0], node.range[1]];
};

class Changes {
  readonly splices: Splice[] = [];

  /** `depth`: how far down parts are changed one by one. */
  constructor(private readonly text: string, private readonly depth: number) {}

  private lineStart(at: number): number {
    return this.text.lastIndexOf("\n", at - 1) + 1;
  }

  /** Behind the end of the line in which `at` is the end of something. */
  private lineEnd(at: number): number {
    if (this.text[at - 1] === "\n") return at;
    const end = this.text.indexOf("\n", at);
    return end < 0 ? this.text.length : end + 1;
  }

  private put(start: number, end: number, text: string): void {
    this.splices.push({ start, end, text });
  }

  /** As lines of their own, from `at` on. */
  private putLines(at: number, lines: string): void {
    this.put(at, at, at > 0 && this.text[at - 1] !== "\n" ? `\n${lines}` : `${lines}\n`);
  }

  private scalar(node: Scalar, after: unknown, path: Path): void {
    const [start, end] = rangeOf(node);
    // Quotes that were not needed were meant; the others go where they are not needed any more.
    const quoted = node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE";
    const quotes: Quotes = { always: quoted && needsNone(String(node.value)), mark: node.type === "QUOTE_DOUBLE" ? "double" : "single" };
    const space = start > 0 && /[:,\-[{]/.test(this.text[start - 1] ?? "") ? " " : "";
    this.put(start, end, `${space}${inline(after, path, quotes)}${this.text[end - 1] === "\n" && start < end ? "\n" : ""}`);
  }

  private whole(pair: Pair, after: unknown, path: Path, indent: string): void {
    const [, key_end] = rangeOf(pair.key as Scalar);
    const colon = this.text.indexOf(":", key_end);
    const end = pair.value == null ? colon + 1 : Math.max(colon + 1, rangeOf(pair.value as Scalar)[1]);
    this.put(colon + 1, end, `${behindKey(after, path, indent)}${this.text[end - 1] === "\n" ? "\n" : ""}`);
  }

  private pair(pair: Pair, before: unknown, after: unknown, path: Path, flow: boolean): void {
    if (same(before, after)) return;
    const { value } = pair;
    const [start] = rangeOf(pair.key as Scalar);
    const indent = " ".repeat(start - this.lineStart(start));
    const deeper = path.length < this.depth;
    if (isScalar(value) && (typeof after !== "object" || after === null) && (deeper || flow)) return this.scalar(value, after, path);
    if (flow && !(isYamlMap(value) || isSeq(value))) throw new Coarser("a form that changes within a line");
    if (deeper && isYamlMap(value) && isMap(before) && isMap(after) && (value.flow === true || Object.keys(after).length > 0)) return this.map(value, before, after, path);
    if (deeper && isSeq(value) && Array.isArray(before) && Array.isArray(after) && (value.flow === true || after.length > 0)) return this.list(value, before, after, path);
    if (!flow) return this.whole(pair, after, path, indent);
    const [from, to] = rangeOf(value as YAMLMap);
    this.put(from, to, inline(after, path));
  }

  map(node: YAMLMap, before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>, path: Path): void {
    const pairs = new Map(node.items.map((pair) => [String((pair.key as Scalar).value), pair]));
    const gone = [...pairs.keys()].filter((name) => after[name] === undefined);
    const entries = entriesAt(after, path);
    const added = entries.filter(([name]) => !pairs.has(name));
    const [one] = gone;
    const [other] = added;
    const renamed = gone.length === 1 && added.length === 1 && one !== undefined && other !== undefined && same(before[one], other[1]) ? [one, other[0]] as const : null;
    if (renamed !== null) {
      const [start, end] = rangeOf(pairs.get(renamed[0])!.key as Scalar);
      this.put(start, end, inline(renamed[1], path));
    } else if (gone.length + added.length > 0) {
      if (node.flow === true) {
        const [start, end] = rangeOf(node);
        return this.put(start, end, inline(after, path));
      }
      this.keys([...pairs.values()], new Set(gone), entries, path);
    }
    for (const [name, value] of entries) {
      const pair = pairs.get(name);
      if (pair !== undefined) this.pair(pair, before[name], value, [...path, name], node.flow === true);
    }
  }

  /** Takes keys out of a block and puts others in, each behind the one that it stands behind. */
  private keys(pairs: readonly Pair[], gone: ReadonlySet<string>, entries: readonly (readonly [string, unknown])[], path: Path): void {
    const startOf = (pair: Pair): number => rangeOf(pair.key as Scalar)[0];
    const endOf = (pair: Pair): number => this.lineEnd(pair.value == null ? rangeOf(pair.key as Scalar)[1] : Math.max(rangeOf(pair.key as Scalar)[1], rangeOf(pair.value as Scalar)[1]));
    const nameOf = (pair: Pair): string => String((pair.key as Scalar).value);
    const [first] = pairs;
    if (first === undefined) throw new Coarser("an empty block");
    const column = startOf(first) - this.lineStart(startOf(first));
    const indent = " ".repeat(column);
    if (/\S/.test(this.text.slice(this.lineStart(startOf(first)), startOf(first))) && (gone.has(nameOf(first)) || !pairs.some((pair) => nameOf(pair) === entries[0]?.[0]))) throw new Coarser("a key that shares its line");
    if (gone.size === pairs.length) throw new Coarser("nothing is left to hold on to");
    for (const pair of pairs) if (gone.has(nameOf(pair))) this.put(this.lineStart(startOf(pair)), endOf(pair), "");
    let at = this.lineStart(startOf(first));
    for (const [name, value] of entries) {
      const known = pairs.find((pair) => nameOf(pair) === name);
      if (known !== undefined) at = endOf(known);
      else this.putLines(at, map({ [name]: value }, path, indent));
    }
  }

  private list(node: YAMLSeq, before: readonly unknown[], after: readonly unknown[], path: Path): void {
    let head = 0;
    const shorter = Math.min(before.length, after.length);
    if (before.length !== after.length) {
      while (head < shorter && same(before[head], after[head])) head += 1;
      let tail = 0;
      while (tail < shorter - head && same(before[before.length - 1 - tail], after[after.length - 1 - tail])) tail += 1;
      if (node.flow === true) {
        const [start, end] = rangeOf(node);
        return this.put(start, end, inline(after, path));
      }
      return this.items(node, [head, before.length - tail], after.slice(head, after.length - tail), path);
    }
    for (const [i, item] of after.entries()) {
      if (same(before[i], item)) continue;
      const held = node.items[i];
      const here = [...path, i];
      const old = before[i];
      if (here.length < this.depth && isYamlMap(held) && isMap(old) && isMap(item) && Object.keys(item).length > 0) this.map(held, old, item, here);
      else if (isScalar(held) && (typeof item !== "object" || item === null)) this.scalar(held, item, here);
      else if (node.flow === true) {
        const [start, end] = rangeOf(node);
        return this.put(start, end, inline(after, path));
      } else this.items(node, [i, i + 1], [item], path);
    }
  }

  /** Puts `items` in the place of those from `from` up to `to`. */
  private items(node: YAMLSeq, [from, to]: readonly [number, number], items: readonly unknown[], path: Path): void {
    const dash = (i: number): number => {
      const [start] = rangeOf(node.items[i] as Scalar);
      const at = this.text.lastIndexOf("-", start - 1);
      if (/\S/.test(this.text.slice(this.lineStart(at), at)) || /\S/.test(this.text.slice(at + 1, start))) throw new Coarser("a dash that shares its line");
      return at;
    };
    const first = dash(0);
    const indent = " ".repeat(first - this.lineStart(first));
    const lines = items.map((item, i) => `${indent}- ${behindDash(item, [...path, from + i], `${indent}  `)}`).join("\n");
    const end = (i: number): number => this.lineEnd(rangeOf(node.items[i] as Scalar)[1]);
    const at = from < node.items.length ? this.lineStart(dash(from)) : end(node.items.length - 1);
    if (to > from) this.put(at, end(to - 1), lines === "" ? "" : `${lines}\n`);
    else this.putLines(at, lines);
  }
}

function spliced(text: string, splices: readonly Splice[]): string {
  let out = "";
  let at = 0;
  for (const { start, end, text: put } of splices.map((one, i) => ({ ...one, i })).sort((a, b) => a.start - b.start || a.end - b.end || a.i - b.i)) {
    if (start < at) throw new Coarser("two changes of one place");
    out += text.slice(at, start) + put;
    at = end;
  }
  return out + text.slice(at);
}

function attempt(text: string, before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>, depth: number): string | null {
  const { contents } = parseDocument(text, { version: "1.2", schema: "core", uniqueKeys: false, prettyErrors: false });
  if (!isYamlMap(contents) || contents.flow === true) return null;
  const changes = new Changes(text, depth);
  try {
    changes.map(contents, before, after, []);
    return spliced(text, changes.splices);
  } catch (error) {
    if (error instanceof Coarser) return null;
    throw error;
  }
}

/** Parts are changed down to these depths, one after the other: single values, entries of lists, keys of the document. */
const DEPTHS = [16, 3, 2, 1];

/** `text`, which says `before`, as a text that says `after`; `null` where no text within the limits says that. */
export function rewritten(text: string, before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): string | null {
  if (same(before, after)) return text;
  const says = (made: string): boolean => {
    const yaml = readYaml(made);
    return !("problem" in yaml) && same(yaml.value, after);
  };
  for (const depth of DEPTHS) {
    const made = attempt(text, before, after, depth);
    if (made !== null && says(made)) return made;
  }
  const whole = written(after);
  return says(whole) ? whole : null;
}
