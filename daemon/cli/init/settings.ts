/** Hooks put into the settings of an agent, or taken out of them, as text. */
import { MaestroError } from "../../../proto/errors.ts";
import { append, take } from "./json-edit.ts";
import { JsonProblem, memberOf, parseTree, stringsIn, type JsonNode } from "./json-tree.ts";
import { OURS, stringsOf, type AgentTarget } from "./targets.ts";

const isOurs = (node: JsonNode): boolean => stringsIn(node).some((text) => OURS.test(text));

/** Throws `config.malformed` with file and line: a broken file is the user's to mend, and guessing would lose what they wrote. */
function treeOf(path: string, text: string): JsonNode {
  try {
    const root = parseTree(text);
    const hooks = memberOf(root, "hooks");
    if (root.kind !== "object") throw new JsonProblem(1, "an object is expected");
    if (hooks !== null && hooks.kind !== "object") throw new JsonProblem(text.slice(0, hooks.start).split("\n").length, "`hooks` is no object");
    for (const { key, value } of hooks?.members ?? []) {
      if (value.kind !== "array") throw new JsonProblem(text.slice(0, value.start).split("\n").length, `\`hooks.${key}\` is no list`);
    }
    return root;
  } catch (error) {
    if (error instanceof JsonProblem) throw new MaestroError("config.malformed", `${path}:${error.line}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** The text with this target's hooks in it, and the containers that had to be made. The same text where all of them stand already. */
export function withHooks(target: AgentTarget, before: string | null): { readonly text: string; readonly created: readonly string[] } {
  const { path, top, entries } = target;
  const created: string[] = [];
  let text = before === null || before.trim() === "" ? "{}\n" : before;
  for (const [key, value] of Object.entries(top)) {
    const root = treeOf(path, text);
    if (memberOf(root, key) !== null) continue;
    text = append(text, root, key, value);
    created.push(key);
  }
  for (const { event, value } of entries) {
    const root = treeOf(path, text);
    const hooks = memberOf(root, "hooks");
    const list = hooks === null ? null : memberOf(hooks, event);
    if (hooks === null) {
      text = append(text, root, "hooks", { [event]: [value] });
      created.push("hooks", `hooks.${event}`);
    } else if (list === null) {
      text = append(text, hooks, event, [value]);
      created.push(`hooks.${event}`);
    } else if (!list.items.some(isOurs)) text = append(text, list, null, value);
    else text = replaced(text, list, value);
  }
  return { text, created };
}

/** One of an earlier version, or with another wrapper, gives way; one that stands as it should stays untouched. */
function replaced(text: string, list: JsonNode, value: unknown): string {
  const place = list.items.findIndex(isOurs);
  const wanted = new Set(stringsOf(value).filter((one) => OURS.test(one)));
  if (stringsIn(list.items[place]!).filter((one) => OURS.test(one)).every((one) => wanted.has(one))) return text;
  const { start, end } = list.items[place]!;
  const inner = memberOf(list.items[place]!, "hooks");
  // A group that also holds somebody else's hook keeps it: only our command changes.
  if (inner !== null && inner.items.length > 1) {
    const own = inner.items.find(isOurs)!;
    const command = own.members.find(({ value: node }) => node.text !== null && OURS.test(node.text))!.value;
    return text.slice(0, command.start) + JSON.stringify([...wanted][0]) + text.slice(command.end);
  }
  const indent = /[^\n]*$/.exec(text.slice(0, start))?.[0].match(/^[ \t]*/)?.[0] ?? "";
  return text.slice(0, start) + JSON.stringify(value, null, 2).replaceAll("\n", `\n${indent}`) + text.slice(end);
}

/** The text without any hook of ours. `created` are containers that `withHooks` made: they go too where nothing else is left in them. */
export function withoutHooks(target: AgentTarget, before: string, created: readonly string[] | null): string {
  let text = before;
  for (let found = true; found; ) {
    const next = withoutOne(target.path, text);
    found = next !== null;
    text = next ?? text;
  }
  const made = (name: string): boolean => created === null || created.includes(name);
  for (const { key, value } of memberOf(treeOf(target.path, text), "hooks")?.members ?? []) {
    if (value.items.length > 0 || !made(`hooks.${key}`)) continue;
    const hooks = memberOf(treeOf(target.path, text), "hooks")!;
    text = take(text, hooks, hooks.members.findIndex((member) => member.key === key));
  }
  const left = memberOf(treeOf(target.path, text), "hooks");
  for (const key of [...(left !== null && left.members.length === 0 && made("hooks") ? ["hooks"] : []), ...(left === null || left.members.length === 0 ? Object.keys(target.top).filter((name) => created?.includes(name) === true) : [])]) {
    const root = treeOf(target.path, text);
    const place = root.members.findIndex((member) => member.key === key);
    if (place >= 0) text = take(text, root, place);
  }
  return text;
}

function withoutOne(path: string, text: string): string | null {
  for (const { value: list } of memberOf(treeOf(path, text), "hooks")?.members ?? []) {
    const place = list.items.findIndex(isOurs);
    const item = list.items[place];
    if (item === undefined) continue;
    const inner = memberOf(item, "hooks");
    if (inner === null || inner.kind !== "array" || inner.items.length < 2) return take(text, list, place);
    return take(text, inner, inner.items.findIndex(isOurs));
  }
  return null;
}

/** Commands of ours that stand in a settings file, by event. Throws `config.malformed`. */
export function installedCommands(path: string, text: string): { readonly event: string; readonly command: string }[] {
  const hooks = memberOf(treeOf(path, text), "hooks");
  return (hooks?.members ?? []).flatMap(({ key, value }) => stringsIn(value).filter((one) => OURS.test(one)).map((command) => ({ event: key, command })));
}
