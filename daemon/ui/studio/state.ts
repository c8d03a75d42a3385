/**
 * The document being edited: its text, and what the text says. The text is the truth; the form shows `value` and changes it,
 * and `rewritten` brings the text to say so. Immutable: an action makes another state, so undo is keeping the one before.
 */
import { readYaml, rewritten, written, type Path, type Problem } from "../../invariants/index.ts";

export type Held = Readonly<Record<string, unknown>>;
export const isHeld = (value: unknown): value is Held => typeof value === "object" && value !== null && !Array.isArray(value);

export interface Draft {
  readonly text: string;
  /** What the text says, or said when it could last be read. */
  readonly value: Held;
  /** Why the text cannot be read as it stands: the form is closed until it can, for a change made there would lose what was typed. */
  readonly unread: Problem | null;
  /** Why the last change could not be made; the state is then the one before. */
  readonly refused: string | null;
}

export type Action =
  /** The text as it was typed. */
  | { readonly do: "type"; readonly text: string }
  /** Another document. */
  | { readonly do: "open"; readonly text: string }
  /** A value; `undefined` takes it away and leaves what it was in, for a field is often emptied to be filled anew. */
  | { readonly do: "set"; readonly path: Path; readonly value: unknown }
  /** An item of a list that need not be there yet. */
  | { readonly do: "insert"; readonly path: Path; readonly at: number; readonly value: unknown }
  /** What is there no more; a list or map that becomes empty by it goes too. */
  | { readonly do: "remove"; readonly path: Path }
  | { readonly do: "move"; readonly path: Path; readonly from: number; readonly to: number }
  /** Another name for an entry of a map. */
  | { readonly do: "rename"; readonly path: Path; readonly from: string; readonly to: string };

const NO_MAP: Problem = { path: "", line: 1, column: 1, message: "the document is no map of keys", fix: "write id, scope, when and assert; see docs/invariants.md" };

function read(text: string): { readonly value: Held } | { readonly problem: Problem } {
  // Nothing yet is where a form begins.
  if (text.trim() === "") return { value: {} };
  const yaml = readYaml(text);
  if ("problem" in yaml) return yaml;
  return isHeld(yaml.value) ? { value: yaml.value } : { problem: NO_MAP };
}

export function draftOf(text: string): Draft {
  const found = read(text);
  return "value" in found ? { text, value: found.value, unread: null, refused: null } : { text, value: {}, unread: found.problem, refused: null };
}

/** What stands there; `undefined` where nothing does. */
export function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const part of path) at = typeof at === "object" && at !== null && Object.hasOwn(at, part) ? Reflect.get(at, part) : undefined;
  return at;
}

/** With `change` made at `path`; `bare` is whether what becomes empty by it stays. */
function changed(value: unknown, [part, ...rest]: Path, bare: boolean, change: (value: unknown) => unknown): unknown {
  if (part === undefined) return change(value);
  if (typeof part === "number") {
    const items: readonly unknown[] = Array.isArray(value) ? value : [];
    const item = changed(items[part], rest, bare, change);
    const all = item === undefined ? items.filter((_, i) => i !== part) : part < items.length ? items.map((one, i) => (i === part ? item : one)) : [...items, item];
    return all.length === 0 && !bare ? undefined : all;
  }
  const held = isHeld(value) ? value : {};
  const item = changed(held[part], rest, bare, change);
  const after = { ...held, [part]: item };
  if (item === undefined) delete after[part];
  return item === undefined && !bare && Object.keys(after).length === 0 ? undefined : after;
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function valueAfter(value: Held, action: Exclude<Action, { readonly do: "type" | "open" }>): unknown {
  switch (action.do) {
    case "set":
      return changed(value, action.path, true, () => action.value);
    case "remove":
      return changed(value, action.path, false, () => undefined);
    case "insert":
      return changed(value, action.path, true, (list) => listOf(list).toSpliced(action.at, 0, action.value));
    case "move":
      return changed(value, action.path, true, (list) => (action.from < listOf(list).length ? listOf(list).toSpliced(action.from, 1).toSpliced(action.to, 0, listOf(list)[action.from]) : list));
    case "rename":
      return changed(value, action.path, true, (held) => (isHeld(held) && !Object.hasOwn(held, action.to) ? Object.fromEntries(Object.entries(held).map(([name, one]) => [name === action.from ? action.to : name, one])) : held));
  }
}

/** The state after an action. One that cannot be made leaves text and value as they are, and says why. */
export function after(draft: Draft, action: Action): Draft {
  if (action.do === "open") return draftOf(action.text);
  if (action.do === "type") {
    const found = read(action.text);
    return "value" in found ? { text: action.text, value: found.value, unread: null, refused: null } : { ...draft, text: action.text, unread: found.problem, refused: null };
  }
  if (draft.unread !== null) return { ...draft, refused: "the YAML cannot be read as it stands, so the form waits: mend the text first" };
  const value = valueAfter(draft.value, action) ?? {};
  if (!isHeld(value)) return { ...draft, refused: "the document is a map of keys" };
  const [was, is] = [Object.keys(draft.value).length, Object.keys(value).length];
  const text = is === 0 ? "" : was === 0 ? written(value) : rewritten(draft.text, draft.value, value);
  return text === null ? { ...draft, refused: "no YAML within the limits says this; an invariant has at most 65,536 characters" } : { text, value, unread: null, refused: null };
}

export interface Store {
  readonly draft: Draft;
  act(action: Action): void;
  /** Another state as a whole: an undo, a draft that was kept. */
  replace(draft: Draft): void;
  /** Hears of every state after this; the states before and after are the same only where an action was refused. */
  watch(listener: (draft: Draft, before: Draft, action: Action | null) => void): void;
}

export function storeOf(first: Draft): Store {
  const listeners: ((draft: Draft, before: Draft, action: Action | null) => void)[] = [];
  let draft = first;
  const become = (next: Draft, action: Action | null): void => {
    const before = draft;
    draft = next;
    for (const listener of listeners) listener(draft, before, action);
  };
  return {
    get draft() {
      return draft;
    },
    act: (action) => become(after(draft, action), action),
    replace: (next) => become(next, null),
    watch: (listener) => void listeners.push(listener),
  };
}
