/** Random formulas over three events, and random traces of them. Only tests use it. */
import type { Dice } from "../../testing/expressions.ts";
import { compile, type Compiled, type TraceEvent } from "../../index.ts";

const CONDITIONS = ["x > 2", "x == 1", "y == 1", "a", "b", "a where x > 1", "b where x == y", "!(x > 3)", "count(a) in 4s <= 2", "count(b where x > 1) in 3s < 2", "k == $k"];

export class Formulas {
  constructor(private readonly dice: Dice) {}

  private seconds(): string {
    return `${1 + this.dice.below(5)}s`;
  }

  inner(depth: number): string {
    const { dice } = this;
    if (depth === 0 || dice.below(4) === 0) return `(${CONDITIONS[dice.below(CONDITIONS.length)]!})`;
    switch (dice.below(5)) {
      case 0:
        return `!(${this.inner(depth - 1)})`;
      case 1:
        return `(${this.inner(depth - 1)} ${dice.below(2) === 0 ? "&&" : "||"} ${this.inner(depth - 1)})`;
      case 2:
        return `(once ${this.inner(depth - 1)} in ${this.seconds()})`;
      default:
        return `(eventually within ${this.seconds()} ${this.inner(depth - 1)})`;
    }
  }

  outermost(depth: number): string {
    const p = () => this.inner(depth);
    switch (this.dice.below(6)) {
      case 0:
        return `always ${p()}`;
      case 1:
        return `never ${p()}`;
      case 2:
        return `${p()} leads_to ${p()} within ${this.seconds()}`;
      case 3:
        return `${p()} until ${p()}${this.dice.below(3) === 0 ? "" : ` within ${this.seconds()}`}`;
      default:
        return p();
    }
  }
}

/** Times in whole half-seconds, many of them equal; now and then `y` is missing where it is asked. */
export function randomTrace(dice: Dice, length: number, missing: boolean): TraceEvent[] {
  let at_ms = 1_000;
  return Array.from({ length }, () => {
    at_ms += 500 * Math.max(0, dice.below(6) - 2);
    const y = missing && dice.below(12) === 0 ? {} : { y: dice.below(3) };
    return { at_ms, event: ["a", "b", "c"][dice.below(3)]!, fields: { k: "one", x: dice.below(5), ...y } };
  });
}

const DECLARED = "scope: s\nwhen: [{event: a}, {event: b}, {event: c}]\nfields: {x: int, y: int, k: string}\n";

export function compiled(formula: string, { keys_max = 10, id = "T.T" } = {}): Compiled {
  const result = compile(`id: ${id}\n${DECLARED}per: k\nkeys_max: ${keys_max}\ntemporal:\n  - formula: ${JSON.stringify(formula)}\n`);
  if ("errors" in result) throw new TypeError(`${formula}: ${JSON.stringify(result.errors)}`);
  return result.ok;
}
