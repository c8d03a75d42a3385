import { describe, expect, test } from "bun:test";
import { compile } from "../document/compile.ts";
import { parseExpression } from "../syntax/formula.ts";
import { print } from "../syntax/print.ts";
import { Dice, Expressions, FIELDS, randomEvent } from "../testing/expressions.ts";
import { SCOPE } from "../testing/plain.ts";
import { predicate } from "../evaluate/predicate.ts";
import { check } from "../types/check.ts";
import { BOOL } from "../types/type.ts";
import { emitJs, jsReader } from "./js.ts";
import { JS_FUNCTIONS, jsFunctions } from "./js-functions.ts";
import { SEED } from "../../testing/seed.ts";

/** The printed functions and readers, as a generated test has them. */
const PRELUDE = new Bun.Transpiler({ loader: "ts" }).transformSync(`${jsFunctions(Object.keys(JS_FUNCTIONS))}
export const view = (state) => Object.defineProperties({}, Object.fromEntries(${JSON.stringify([...FIELDS.keys()])}.map((name) => [name, { get: () => READERS[name](field(state, name)) }])));
const READERS = { ${[...FIELDS].map(([name, { type }]) => `${name}: ${jsReader(type)}`).join(", ")} };`, "ts").replace(/export\s+(?=const view)/, "").replace(/export\s*\{[^}]*\};?/, "");

/** What the emitted text says of an event. */
const load = (texts: readonly string[]) => new Function(`${PRELUDE}
return [${texts.map((text) => `(now, old, has, had) => ${text}`).join(",\n")}].map((holds) => (state) => {
  try { return holds(view(state), view(state), (name) => Object.hasOwn(state, name) && state[name] !== undefined && state[name] !== null) === true; } catch (error) { if (error instanceof Refused || error instanceof RangeError) return false; throw error; }
});`)() as ((state: Record<string, unknown>) => boolean)[];

test(`JavaScript text and closures agree on 1,500 random conditions and events, seed ${SEED}`, () => {
  const dice = new Dice(SEED);
  const cases: { text: string; js: string; wanted: boolean; event: Record<string, unknown> }[] = [];
  while (cases.length < 1_500) {
    const text = print(new Expressions(dice).of(BOOL, 2 + dice.below(3)));
    const node = check(parseExpression(text), SCOPE);
    const emitted = emitJs(node);
    if ("not_expressible" in emitted) continue;
    const event = randomEvent(dice);
    cases.push({ text, js: emitted.ok.text, wanted: predicate(node)(event).ok, event });
  }
  const holds = load(cases.map(({ js }) => js));
  const wrong = cases.filter(({ wanted, event }, i) => holds[i]!(event) !== wanted).map(({ text, js, wanted }) => ({ text, js, wanted }));
  expect({ seed: SEED, wrong: wrong.slice(0, 3) }).toEqual({ seed: SEED, wrong: [] });
  // A generator that makes only false conditions would agree with anything.
  expect(cases.filter(({ wanted }) => wanted).length).toBeGreaterThan(150);
});

describe("a person reads", () => {
  const js = (expr: string, section = "assert") => {
    const result = compile(`id: A.B\nscope: s\nwhen: [{event: e}]\nfields: {a: int, b: int, m: money, d: "enum[admit, hold]", l: list<int>, t: duration, s: string}\n${section}: [{expr: ${JSON.stringify(expr)}}]\n`);
    if ("errors" in result) throw new Error(result.errors[0]?.message);
    const emitted = emitJs(result.ok[section === "post" ? "post" : "assert"][0]!.node);
    return "ok" in emitted ? emitted.ok : emitted.not_expressible;
  };

  test("comparisons as they are, arithmetic with its bound, and both sides of an or", () => {
    expect(js("a <= b && m <= 12.5")).toEqual({ text: "now.a <= now.b && now.m <= 12_500_000n", given: ["now"], calls: [] });
    expect(js('d != "admit" || a == b')).toEqual({ text: 'either(() => now.d !== "admit", () => now.a === now.b)', given: ["now"], calls: ["either"] });
    expect(js("a + 1 <= b")).toMatchObject({ text: "int64(now.a + 1n) <= now.b" });
    expect(js("l.all(x, x > 0) && size(l) == 3")).toMatchObject({ text: "every(now.l, (each) => each > 0n) && BigInt(now.l.length) === 3n" });
    expect(js("a > old(a)", "post")).toMatchObject({ text: "now.a > old.a", given: ["now", "old"] });
  });

  test("what would be another rule is not said", () => {
    expect(js("s.matches('a')")).toContain("matches");
  });
});
