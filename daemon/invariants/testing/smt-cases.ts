/** Random conditions with an event each, as queries whose only answer is unsat if the encoding says what the evaluator says. */
import type { Value } from "../types/node.ts";
import type { Type } from "../types/type.ts";
import { emitSmt } from "../emit/smt.ts";
import { literalTerm } from "../emit/smt-encoding.ts";
import { parseExpression } from "../syntax/formula.ts";
import { print } from "../syntax/print.ts";
import { check } from "../types/check.ts";
import { BOOL } from "../types/type.ts";
import { Dice, Expressions, FIELDS, randomEvent } from "./expressions.ts";
import { evaluated, SCOPE, shown } from "./plain.ts";

/** `name` has that value. */
function pin(name: string, value: Value, type: Type): string[] {
  if (Array.isArray(value) && type.name === "list") return [`(assert (= |field ${name}#size| ${value.length}))`, ...value.flatMap((item: Value, i) => pin(`${name}#${i}`, item, type.item))];
  return [`(assert (= |field ${name}| ${literalTerm(value as number, type)}))`];
}

export interface SmtCase {
  readonly text: string;
  readonly answer: string;
  readonly query: string;
}

/** `wanted` of them; what SMT-LIB cannot say is counted and passed over. */
export function smtCases(seed: number, wanted: number): { readonly cases: readonly SmtCase[]; readonly not_expressible: Readonly<Record<string, number>> } {
  const dice = new Dice(seed);
  const cases: SmtCase[] = [];
  const not_expressible: Record<string, number> = {};
  while (cases.length < wanted) {
    const text = print(new Expressions(dice).of(BOOL, 2 + dice.below(2)));
    const node = check(parseExpression(text), SCOPE);
    const event = randomEvent(dice, 0);
    const emitted = emitSmt([node]);
    if ("not_expressible" in emitted) {
      not_expressible[emitted.not_expressible] = (not_expressible[emitted.not_expressible] ?? 0) + 1;
      continue;
    }
    const { lines, conditions: [condition] } = emitted.ok;
    const pins = Object.entries(event).flatMap(([name, value]) => pin(name, value as Value, FIELDS.get(name)!.type)).filter((line) => lines.some((one) => one.startsWith(`(declare-const ${/\|[^|]*\|/.exec(line)?.[0]} `)));
    const answer = shown(evaluated(node, event));
    const term = answer === "true" ? condition!.holds : answer === "false" ? condition!.fails : condition!.error;
    cases.push({ text, answer, query: ["(push)", ...lines, ...pins, `(assert (not ${term}))`, "(check-sat)", "(pop)"].join("\n") });
  }
  return { cases, not_expressible };
}
