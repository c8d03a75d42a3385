/** The kernel against closures and the reference; bench/symeval.nightly.ts asks for a million pairs. */
import { describe, expect, test } from "bun:test";
import { predicate } from "../evaluate/predicate.ts";
import { parseExpression } from "../syntax/formula.ts";
import { compareBatches } from "../testing/batches.ts";
import { SCOPE } from "../testing/plain.ts";
import { check } from "../types/check.ts";
import { EventTable, lower, type Lowered } from "./index.ts";
import { SEED } from "../../testing/seed.ts";

const nodeOf = (text: string, old = false) => check(parseExpression(text), { ...SCOPE, old });

function lowered(text: string, old = false): Lowered {
  const result = lower(nodeOf(text, old));
  if ("not_expressible" in result) throw new Error(result.not_expressible);
  return result.ok;
}

test(`kernel, closure and reference say the same of every row, seed ${SEED}`, () => {
  const { disagreements, seen, by_table } = compareBatches(SEED, 20_000, 40);
  expect({ seed: SEED, disagreements }).toEqual({ seed: SEED, disagreements: [] });
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(100);
  expect(by_table).toBeGreaterThan(20);
}, 60_000);

describe("what decides which error is told", () => {
  test.each([
    ["i1 > 0 && 1 / i2 > 0", { i2: 0n }, 3],
    ["1 / i2 > 0 && i1 > 0", { i2: 0n }, 2],
    ["i1 + 1 / i2 > 0", { i2: 0n }, 2],
    ["[0, 1].all(x, x / i2 > i1)", { i2: 0n }, 3],
    ["[0, 1].exists(x, i1 > x)", {}, 2],
    ["i1 in [1 / i2, 7]", { i1: 7n, i2: 0n }, 3],
    ["b1 || i1 / i2 > 0", { b1: true }, 1],
    ["has(s1) || s1 == 'a'", { s1: 7 }, 1],
    ["has(s1) && s1 == 'a'", { s1: 7 }, 3],
    ["has(li1)", { li1: [] }, 1],
    ["s1.matches('^a')", {}, 2],
    ["s1.matches('^a')", { s1: "ab" }, 1],
    ["s1.size() / (s1.size() - 1) == 2", { s1: "a" }, 3],
    ["s1 < '\\uff5e'", { s1: "😀" }, 0],
  ] as const)("%s", (text, event, answer) => {
    const given: Readonly<Record<string, unknown>> = event;
    expect([...(new EventTable([given]).ask(lowered(text)) ?? [])]).toEqual([answer]);
    const outcome = predicate(nodeOf(text))(given);
    expect(["false", "true", "missing", "error"].indexOf(outcome.ok ? "true" : outcome.because)).toBe(answer);
  });
});

test("attack: what an event inherits is no field of it", () => {
  const inherited: Record<string, unknown> = Object.create({ i1: 1, d1: 1.5, b1: true, s1: "a" });
  // The second makes the text known to the batch.
  const events = [inherited, { i1: 1, d1: 1.5, b1: true, s1: "a" }, inherited];
  for (const text of ["i1 == 1", "d1 == 1.5", "b1", "s1 == 'a'", "s1.startsWith('a')"]) expect([text, ...(new EventTable(events).ask(lowered(text)) ?? [])]).toEqual([text, 2, 1, 2]);
});

test("old(x) reads the event before; a batch in which one has none is left to closures", () => {
  const program = lowered("i1 > old(i1) && old(has(s1))", true);
  const events = [{ i1: 2n }, { i1: 2n }, { i1: 2n }];
  const before = [{ i1: 1n, s1: "" }, { i1: 2n, s1: "" }, { i1: 1n }];
  expect([...(new EventTable(events, before).ask(program) ?? [])]).toEqual([1, 0, 0]);
  expect(new EventTable(events, [before[0], undefined, before[2]]).ask(program)).toBeNull();
  expect(new EventTable(events).ask(program)).toBeNull();
});

test("texts so long that a closure would stop over them are left to closures", () => {
  const program = lowered("s1.matches('b') || s1.contains('b')");
  expect([...(new EventTable([{ s1: "a".repeat(1_000) }]).ask(program) ?? [])]).toEqual([0]);
  expect(new EventTable([{ s1: "a".repeat(40_000) }]).ask(program)).toBeNull();
});

test("what a column cannot hold is said", () => {
  for (const [text, why] of [["li1.all(x, x > 0)", "a list that is not written out"], ["s1.contains(s2)", "more than one text"], ["s1 + s2 == 'ab'", "texts and lists"]] as const) {
    const result = lower(nodeOf(text));
    expect("not_expressible" in result ? result.not_expressible : "").toContain(why);
  }
  const many = Array.from({ length: 70 }, (_, i) => `i1 == ${i}`).join(" || ");
  expect(lower(nodeOf(many))).toEqual({ not_expressible: "more than 64 fields and constants" });
});
