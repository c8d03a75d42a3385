/** The evaluator against the obvious interpreter; the printer against the parser; the parser against noise. */
import { expect, test } from "bun:test";
import type { Expr } from "../../../proto/expr.ts";
import { SourceError } from "../problem.ts";
import { parseExpression, parseFormula } from "../syntax/formula.ts";
import { print } from "../syntax/print.ts";
import { Dice, Expressions, randomEvent } from "../testing/expressions.ts";
import { evaluated, plainEvent, SCOPE, shown } from "../testing/plain.ts";
import { interpret } from "../testing/reference.ts";
import { check } from "../types/check.ts";
import { BOOL } from "../types/type.ts";
import { SEED } from "../../testing/seed.ts";

const withoutSpans = (expr: Expr): string => JSON.stringify(expr, (name, value: unknown) => (name === "span" ? undefined : value));

test(`evaluator and reference agree on random typed expressions, seed ${SEED}`, () => {
  const dice = new Dice(SEED);
  const seen = new Map<string, number>();
  for (let i = 0; i < 4_000; i++) {
    const text = print(new Expressions(dice).of(BOOL, 4));
    const node = check(parseExpression(text), SCOPE);
    const event = randomEvent(dice);
    const [ours, reference] = [shown(evaluated(node, event)), shown(interpret(node, plainEvent(event)))];
    if (ours !== reference) expect({ seed: SEED, text, event, ours }).toEqual({ seed: SEED, text, event, ours: reference });
    seen.set(ours, (seen.get(ours) ?? 0) + 1);
  }
  // A generator that only makes errors would agree with everything.
  expect([...seen.values()].every((count) => count > 400)).toBe(true);
  expect([...seen.keys()].sort()).toEqual(["error", "false", "true"]);
});

test(`what is printed parses to the same tree, seed ${SEED}`, () => {
  const dice = new Dice(SEED);
  for (let i = 0; i < 3_000; i++) {
    const expr = new Expressions(dice).of(BOOL, 5);
    expect(withoutSpans(parseExpression(print(expr)))).toBe(withoutSpans(expr));
  }
});

test(`the parser answers noise with a place and a remedy, never with anything else, seed ${SEED}`, () => {
  const dice = new Dice(SEED);
  const pieces = ["(", ")", "[", "]", "a", "x.all(x,", "&&", "||", "!", "-", "9", "1.5", "'", '"', "\\", "5m", "$k", "count(", " where ", " in ", "once ", " within ", "always ", "?", ":", ".", ",", "é", "\u0000", "\ud800", "//", "\n", "duration('", "r'", "matches('(a')"];
  let taken = 0;
  for (let i = 0; i < 6_000; i++) {
    const start = dice.chance(50) ? print(new Expressions(dice).of(BOOL, 3)) : "";
    const at = dice.below(start.length + 1);
    const text = start.slice(0, at) + Array.from({ length: dice.below(6) }, () => dice.of(pieces)).join("") + start.slice(at + dice.below(4));
    for (const parse of [parseExpression, parseFormula]) {
      try {
        parse(text);
        taken += 1;
      } catch (error) {
        if (!(error instanceof SourceError)) expect({ text, error }).toEqual({ text, error: new Error("none") });
        else if (error.span[0] > text.length || error.fix === "") expect({ text, span: error.span, fix: error.fix }).toBeNull();
      }
    }
  }
  expect(taken).toBeGreaterThan(100);
});
