/** Random conditions over batches of random events: the kernel's answer for each row beside the closure's and the reference's. */
import { EventTable, lower } from "../columns/index.ts";
import { predicate } from "../evaluate/predicate.ts";
import type { Context } from "../evaluate/values.ts";
import { parseExpression } from "../syntax/formula.ts";
import { print } from "../syntax/print.ts";
import { check } from "../types/check.ts";
import { BOOL } from "../types/type.ts";
import { Dice, Expressions, FIELDS, randomEvent } from "./expressions.ts";
import { plainEvent, SCOPE } from "./plain.ts";
import { interpret } from "./reference.ts";

export const ANSWERS = ["false", "true", "missing", "error"] as const;
type Answer = (typeof ANSWERS)[number];

/** What no field of its name may be; the reference knows no such events. */
const WRONG: readonly unknown[] = ["1", 1.5, {}, [1n], 2 ** 60, -0, Number.NaN, "\ud800", true, 2n ** 64n, null, undefined];

export function closureAnswers(node: Parameters<typeof predicate>[0], events: readonly Context[]): Answer[] {
  const ask = predicate(node);
  return events.map((event) => {
    const outcome = ask(event);
    return outcome.ok ? "true" : outcome.because;
  });
}

/** As the reference sees them: it tells an error from none, and not which. */
const plainAnswer = (node: Parameters<typeof interpret>[0], event: Context): string => {
  const result = interpret(node, plainEvent(event));
  return "error" in result ? "error" : String(result.value);
};

export interface Batches {
  readonly pairs: number;
  readonly seen: Readonly<Record<Answer, number>>;
  /** Conditions there is no program for, by reason. */
  readonly not_expressible: Readonly<Record<string, number>>;
  /** Conditions that a table of different texts answers a part of. */
  readonly by_table: number;
  readonly disagreements: readonly string[];
}

/** `pairs` of condition and row, or a few more. */
export function compareBatches(seed: number, pairs: number, rows: number): Batches {
  const dice = new Dice(seed);
  const seen: Record<Answer, number> = { false: 0, true: 0, missing: 0, error: 0 };
  const not_expressible: Record<string, number> = {};
  const disagreements: string[] = [];
  let [done, by_table] = [0, 0];
  while (done < pairs) {
    const text = print(new Expressions(dice).of(BOOL, 1 + dice.below(4)));
    const node = check(parseExpression(text), SCOPE);
    const lowered = lower(node);
    if ("not_expressible" in lowered) {
      not_expressible[lowered.not_expressible] = (not_expressible[lowered.not_expressible] ?? 0) + 1;
      continue;
    }
    if (lowered.ok.sources.some(({ from }) => from === "table")) by_table += 1;
    const missing = dice.of([0, 8]);
    const plain = Array.from({ length: rows }, () => randomEvent(dice, missing));
    const spoiled = dice.chance(30);
    const events = spoiled ? plain.map((event) => ({ ...event, [dice.of([...FIELDS.keys()])]: dice.of(WRONG) })) : plain;
    const out = new EventTable(events).ask(lowered.ok);
    const closures = closureAnswers(node, events);
    for (const [row, event] of events.entries()) {
      const kernel = out === null ? "none" : ANSWERS[out[row] ?? 3]!;
      const closure = closures[row]!;
      const reference = spoiled ? null : plainAnswer(node, event);
      seen[closure] += 1;
      if (kernel !== closure || (reference !== null && reference !== (closure === "missing" ? "error" : closure))) disagreements.push(`${text} of ${Bun.inspect(event)}: kernel ${kernel}, closure ${closure}, reference ${reference}`);
    }
    if (disagreements.length > 3) break;
    done += rows;
  }
  return { pairs: done, seen, not_expressible, by_table, disagreements };
}
