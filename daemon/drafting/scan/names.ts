/** Which names a change adds, takes away and touches. */
import type { Seen } from "../material.ts";
import { type Declaration, declarationsOf, readsNamesOf } from "./declarations.ts";

export interface NameChange {
  readonly path: string;
  readonly how: "added" | "removed" | "changed" | "signature";
  readonly now: Declaration | null;
  readonly before: Declaration | null;
}

const INNER = /^(?:function|method|class|type|constant|macro|module|variable|table|section|key|resource|rule)$/;

const keyOf = ({ what, within, name }: Declaration): string => `${what === "method" ? "function" : what}\0${within ?? ""}\0${name}`;
const bodyOf = (lines: readonly string[], { line, end_line }: Declaration): string => lines.slice(line - 1, end_line).map((text) => text.trim()).join("\n");

/** The first of each name: an overload counts once. */
const byKey = (declared: readonly Declaration[]): Map<string, Declaration> => new Map([...declared].reverse().filter(({ what }) => INNER.test(what)).map((one) => [keyOf(one), one]));

/** Where a side was not read, what its hunks show of it. */
export const sideText = (file: Seen, side: "old" | "new"): string => file[side] ?? (side === "new" ? file.added : file.removed).map(({ text }) => text).join("\n");

/** A class whose method changed is not named beside it. */
function innermost(changes: readonly NameChange[]): NameChange[] {
  const named = new Set(changes.flatMap(({ now }) => (now?.within == null ? [] : [now.within])));
  return changes.filter(({ how, now }) => how !== "changed" || now === null || now.what === "method" || !named.has(now.name));
}

export function namesOf(file: Seen): NameChange[] {
  const { path } = file;
  if (file.change.binary || !readsNamesOf(path)) return [];
  const [old_text, new_text] = [sideText(file, "old"), sideText(file, "new")];
  const [old_lines, new_lines] = [old_text.split("\n"), new_text.split("\n")];
  const [before, after] = [byKey(declarationsOf(file.old_path ?? path, old_text)), byKey(declarationsOf(path, new_text))];
  const changes: NameChange[] = [];
  for (const [key, now] of after) {
    const was = before.get(key);
    if (was === undefined) changes.push({ path, how: "added", now, before: null });
    else if (was.signature !== now.signature && /^(?:function|method)$/.test(now.what)) changes.push({ path, how: "signature", now, before: was });
    else if (file.old !== null && file.new !== null && bodyOf(old_lines, was) !== bodyOf(new_lines, now)) changes.push({ path, how: "changed", now, before: was });
  }
  for (const [key, was] of before) if (!after.has(key)) changes.push({ path, how: "removed", now: null, before: was });
  // A constant and the type of it have one name.
  const once = new Map(innermost(changes).map((change) => [`${change.how} ${fullName(change)}`, change]));
  return [...once.values()].sort((a, b) => (a.now ?? a.before)!.line - (b.now ?? b.before)!.line);
}

/** Program text, not a heading or a key. */
export const isCodeName = (change: NameChange): boolean => !/^(?:section|key|variable)$/.test(declared(change).what);

export const declared = ({ now, before }: NameChange): Declaration => (now ?? before)!;

/** `Store.open` where it stands in something. */
export const fullName = (change: NameChange): string => {
  const { within, name } = declared(change);
  return within === null ? name : `${within}.${name}`;
};

/** One body under another name: what it was called, and is. */
export interface Renamed {
  readonly path: string;
  readonly from: NameChange;
  readonly to: NameChange;
}

/** Each body is read once: a file may declare thousands of names, and all of them anew. */
export function renamesOf(file: Seen, changes: readonly NameChange[]): Renamed[] {
  const own = changes.filter(({ path }) => path === file.path);
  if (file.old === null || file.new === null) return [];
  const [old_lines, new_lines] = [file.old.split("\n"), file.new.split("\n")];
  const inside = (lines: readonly string[], one: Declaration): string => bodyOf(lines, one).replaceAll(one.name, "");
  const placed = ({ what, within }: Declaration, body: string): string => `${what}\0${within ?? ""}\0${body}`;
  const left = Map.groupBy(own.filter(({ how, now }) => how === "added" && now !== null), ({ now }) => placed(now!, inside(new_lines, now!)));
  return own.flatMap((from): Renamed[] => {
    if (from.how !== "removed" || from.before === null) return [];
    const body = inside(old_lines, from.before);
    if (body.replace(/\W+/g, "") === "") return [];
    const to = left.get(placed(from.before, body))?.shift();
    return to === undefined ? [] : [{ path: file.path, from, to }];
  });
}

/** Functions of one name and one body in another place: they moved. */
export function movedNames(changes: readonly NameChange[]): Set<string> {
  const removed = new Set(changes.filter(({ how }) => how === "removed").map((change) => `${declared(change).what} ${declared(change).name}`));
  return new Set(changes.filter(({ how, now }) => how === "added" && now !== null && removed.has(`${now.what} ${now.name}`)).map(({ now }) => now!.name));
}
