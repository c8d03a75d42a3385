/** Types of fields and expressions. */

export type Type =
  | { readonly name: "int" | "money" | "double" | "bool" | "string" | "duration" }
  | { readonly name: "enum"; readonly members: readonly string[] }
  | { readonly name: "list"; readonly item: Type }
  /** Of `[]` alone: a list of whatever is wanted. */
  | { readonly name: "nothing" };

export const INT: Type = { name: "int" };
export const MONEY: Type = { name: "money" };
export const DOUBLE: Type = { name: "double" };
export const BOOL: Type = { name: "bool" };
export const STRING: Type = { name: "string" };
export const DURATION: Type = { name: "duration" };
export const NOTHING: Type = { name: "nothing" };
export const listOf = (item: Type): Type => ({ name: "list", item });

const PLAIN: Readonly<Record<string, Type>> = { int: INT, money: MONEY, double: DOUBLE, bool: BOOL, string: STRING, duration: DURATION };
const MEMBERS_MAX = 100;
const LIST_DEPTH_MAX = 3;

export function typeText(type: Type): string {
  if (type.name === "enum") return `enum[${type.members.join(", ")}]`;
  return type.name === "list" ? `list<${typeText(type.item)}>` : type.name;
}

/** The type as it is written in `fields`, or why it is none. */
export function parseType(text: string, depth = 0): Type | { readonly wrong: string } {
  const plain = Object.hasOwn(PLAIN, text) ? PLAIN[text] : undefined;
  if (plain !== undefined) return plain;
  if (text.startsWith("list<") && text.endsWith(">")) {
    if (depth >= LIST_DEPTH_MAX) return { wrong: `lists are nested deeper than ${LIST_DEPTH_MAX}` };
    const item = parseType(text.slice(5, -1).trim(), depth + 1);
    return "wrong" in item ? item : listOf(item);
  }
  const inner = /^enum\[(.*)\]$/.exec(text)?.[1];
  if (inner === undefined) return { wrong: `there is no type ${text}` };
  const members = inner.split(",").map((member) => member.trim());
  if (members.includes("")) return { wrong: "a member of the enum is empty" };
  if (new Set(members).size !== members.length) return { wrong: "a member of the enum stands there twice" };
  return members.length > MEMBERS_MAX ? { wrong: `the enum has more than ${MEMBERS_MAX} members` } : { name: "enum", members };
}

export function sameType(a: Type, b: Type): boolean {
  if (a.name === "enum" && b.name === "enum") return a.members.length === b.members.length && a.members.every((member) => b.members.includes(member));
  if (a.name === "list" && b.name === "list") return sameType(a.item, b.item);
  return a.name === b.name;
}

/** What two branches, or two items of a list, have in common: an enum is a string that is known better. */
export function joined(a: Type, b: Type): Type | null {
  if (sameType(a, b)) return a;
  if (a.name === "nothing") return b;
  if (b.name === "nothing") return a;
  if (a.name === "list" && b.name === "list") {
    const item = joined(a.item, b.item);
    return item === null ? null : listOf(item);
  }
  const text = (type: Type): boolean => type.name === "string" || type.name === "enum";
  return text(a) && text(b) ? STRING : null;
}
