/** Random conditions with an event each, as lines of one TLA+ module that print what TLC makes of them. */
import { emitTla } from "../emit/tla.ts";
import { Failure } from "../evaluate/failure.ts";
import { evaluate } from "../evaluate/predicate.ts";
import type { Context } from "../evaluate/values.ts";
import { parseExpression } from "../syntax/formula.ts";
import { print } from "../syntax/print.ts";
import { check } from "../types/check.ts";
import { everyNode, type Node } from "../types/node.ts";
import { BOOL, type Type } from "../types/type.ts";
import { Dice, Expressions, FIELDS, randomEvent } from "./expressions.ts";
import { SCOPE } from "./plain.ts";

const SMALL = [-100, -7, -2, -1, 0, 1, 2, 3, 7, 100];
/** TLC stops at a number beyond this, and at a part that comes to one. */
const TLC_INT_MAX = 2 ** 31 - 1;
const fits = (value: unknown): boolean => (typeof value !== "number" && typeof value !== "bigint") || Math.abs(Number(value)) <= TLC_INT_MAX;

function valueText(value: unknown, type: Type): string | null {
  if (Array.isArray(value) && type.name === "list") {
    const items = value.map((item) => valueText(item, type.item));
    return items.includes(null) ? null : `<<${items.join(", ")}>>`;
  }
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  if (typeof value === "string") return /^[ a-zA-Z0-9.]*$/.test(value) ? `"${value}"` : null;
  return fits(value) ? `(${String(value)})` : null;
}

/** With whole numbers that TLC's 32 bits hold after a product or two. */
function smallEvent(dice: Dice): Context {
  const small = (): number => dice.of(SMALL);
  return Object.fromEntries(Object.entries(randomEvent(dice, 0)).map(([name, value]) => [name, /^i/.test(name) ? small() : /^li/.test(name) ? (value as unknown[]).map(small) : value]));
}

const product = (node: Node): boolean => node.kind === "binary" && node.op === "*";

/** Whether every part has a value, within TLC's numbers: TLC stops at one that has none, where && and || may go on without. */
function calm(node: Node, event: Context): boolean {
  const within = new Set([...everyNode(node)].flatMap((one) => (one.kind === "macro" ? [...everyNode(one.body)] : [])));
  for (const one of everyNode(node)) {
    if (within.has(one)) {
      if (one.kind === "index" || (one.kind === "binary" && (one.op === "/" || one.op === "%"))) return false;
      // What it comes to is not looked at: one product of small numbers fits, a product of products may not.
      if (one.kind === "binary" && one.op === "*" && [one.left, one.right].some((side) => [...everyNode(side)].some(product))) return false;
      continue;
    }
    try {
      if (!fits(evaluate(one, event))) return false;
    } catch (error) {
      if (error instanceof Failure) return false;
      throw error;
    }
  }
  return true;
}

export interface TlaCases {
  /** A module named `Cases` that prints `<<"case", I, TRUE>>` or `FALSE` for each. */
  readonly module: string;
  readonly cases: readonly { readonly text: string; readonly answer: boolean }[];
  /** Conditions TLA+ has no text for, by reason. */
  readonly not_expressible: Readonly<Record<string, number>>;
}

export function tlaCases(seed: number, wanted: number): TlaCases {
  const dice = new Dice(seed);
  const cases: { text: string; answer: boolean }[] = [];
  const lines: string[] = [];
  const definitions = new Set<string>();
  const not_expressible: Record<string, number> = {};
  while (cases.length < wanted) {
    const text = print(new Expressions(dice).of(BOOL, 1 + dice.below(3)));
    const node = check(parseExpression(text), SCOPE);
    const event = smallEvent(dice);
    const tla = emitTla(node);
    if ("not_expressible" in tla) {
      not_expressible[tla.not_expressible] = (not_expressible[tla.not_expressible] ?? 0) + 1;
      continue;
    }
    const values = tla.ok.variables.map((name) => [name, valueText(event[name], FIELDS.get(name)!.type)] as const);
    // Half of them say nothing of an event, and would be the same each time.
    if (values.length === 0 || values.some(([, value]) => value === null) || !calm(node, event)) continue;
    for (const definition of tla.ok.definitions) definitions.add(definition);
    lines.push(`ASSUME PrintT(<<"case", ${cases.length}, LET ${values.map(([name, value]) => `${name} == ${value}`).join(" ")} IN ${tla.ok.text}>>)`);
    cases.push({ text, answer: evaluate(node, event) === true });
  }
  return { module: ["---- MODULE Cases ----", "EXTENDS Integers, Sequences, TLC", ...[...definitions].sort(), ...lines, "====", ""].join("\n"), cases, not_expressible };
}
