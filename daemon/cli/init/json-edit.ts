/** Puts something into a JSON text or takes it out, and leaves every other byte as it was. */
import type { JsonNode } from "./json-tree.ts";

const lineIndent = (text: string, at: number): string => /[^\n]*$/.exec(text.slice(0, at))?.[0].match(/^[ \t]*/)?.[0] ?? "";

/** What one level of this document is indented by. */
function unitOf(text: string): string {
  return /\n([ \t]+)\S/.exec(text)?.[1] ?? "  ";
}

function indented(value: unknown, unit: string, indent: string): string {
  return JSON.stringify(value, null, unit).replaceAll("\n", `\n${indent}`);
}

/** Adds one element at the end of an object (`key`) or array (null). */
export function append(text: string, node: JsonNode, key: string | null, value: unknown): string {
  const unit = unitOf(text);
  const closing = lineIndent(text, node.end - 1);
  const last = node.kind === "object" ? node.members.at(-1)?.value : node.items.at(-1);
  const first = node.kind === "object" ? node.members[0]?.start : node.items[0]?.start;
  const oneLine = first !== undefined && !text.slice(node.start, first).includes("\n");
  const indent = first === undefined || oneLine ? lineIndent(text, node.start) + unit : lineIndent(text, first);
  const element = `${key === null ? "" : `${JSON.stringify(key)}: `}${indented(value, unit, indent)}`;
  if (last === undefined) return `${text.slice(0, node.start + 1)}\n${indent}${element}\n${lineIndent(text, node.start)}${text.slice(node.end - 1)}`;
  const comma = /^(?:\s|\/\/[^\n]*\n|\/\*[^]*?\*\/)*,/.test(text.slice(last.end, node.end)) ? "" : ",";
  if (oneLine) return `${text.slice(0, last.end)}${comma} ${element.replace(/\n\s*/g, " ")}${text.slice(last.end)}`;
  // A trailing comma of the user's stays where it is, and ours stands behind it.
  const at = comma === "" ? node.end - 1 - (/[ \t]*$/.exec(text.slice(0, node.end - 1))?.[0].length ?? 0) : last.end;
  const before = comma === "" ? text.slice(0, at).replace(/\n$/, "") : text.slice(0, at);
  return `${before}${comma}\n${indent}${element}${comma === "" ? `\n${closing}${text.slice(node.end - 1)}` : text.slice(at)}`;
}

/** Takes out the element at `place`, with the comma and the space that belonged to it. */
export function take(text: string, node: JsonNode, place: number): string {
  const spans = node.kind === "object" ? node.members.map(({ start, value }) => ({ start, end: value.end })) : node.items.map(({ start, end }) => ({ start, end }));
  const here = spans[place]!;
  const [before, after] = [spans[place - 1], spans[place + 1]];
  if (before !== undefined) return text.slice(0, before.end) + text.slice(here.end);
  if (after !== undefined) return text.slice(0, here.start) + text.slice(after.start);
  return `${text.slice(0, node.start + 1)}${text.slice(node.end - 1)}`;
}
