import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Card } from "../../../../proto/card.ts";
import { card as sample } from "../../../cli/card/testing/card.ts";
import { cardOfWhole } from "../model.ts";
import { differences, type Compared } from "./differences.ts";

const compared = (card: Card, whole = true): Compared => ({ row: cardOfWhole(card, { at: null, total_us: null, cost: null }, { kind: "live" }), card: whole ? card : null });

const fingerprint = fc.integer({ min: 0, max: 9 }).map((digit) => String(digit).repeat(64));
const reason: fc.Arbitrary<Card["reasons"][number]> = fc.record({
  rule: fc.constantFrom("a.b", "c.d", "e.f", "g.h"),
  check: fc.constantFrom("tests", "size", null),
  effect: fc.constantFrom("refuse", "hold", "note"),
  observed: fc.boolean(),
  because: fc.constant("because"),
  ranges: fc.constant([]),
  excerpt: fc.constant(null),
  fingerprints: fc.uniqueArray(fingerprint, { maxLength: 4 }),
});
const check: fc.Arbitrary<Card["checks"][number]> = fc.record({ check: fc.constantFrom("tests", "size", "ci", "paths"), result: fc.constantFrom("pass", "fail", "not_applicable", "unavailable"), required: fc.boolean(), because: fc.constant(null), findings: fc.nat({ max: 3 }) });
const card: fc.Arbitrary<Card> = fc.record({ reasons: fc.array(reason, { maxLength: 8 }), checks: fc.uniqueArray(check, { selector: (one) => one.check, maxLength: 4 }), verdict: fc.constantFrom("admit", "hold", "refuse"), attempt: fc.integer({ min: 1, max: 5 }) }).map((change) => sample(change));

const count = (all: { readonly is: string }[], is: string): number => all.filter((one) => one.is === is).length;
const mirrored = { gone: "new", new: "gone", kept: "kept" } as const;
const pairs = ({ reasons }: Card): number => new Set(reasons.map(({ rule, check: of }) => `${rule} ${of}`)).size;

describe("two cards", () => {
  test("every reason of either is gone, new or in both, and swapped it is the other way round", () => {
    fc.assert(
      fc.property(card, card, fc.boolean(), (one, other, whole) => {
        const [there, back] = [differences(compared(one, whole), compared(other, whole)), differences(compared(other, whole), compared(one, whole))];
        expect(count([...there.reasons], "gone") + count([...there.reasons], "kept")).toBe(pairs(one));
        expect(count([...there.reasons], "new") + count([...there.reasons], "kept")).toBe(pairs(other));
        const key = ({ rule, is, one: first, other: second }: (typeof there.reasons)[number]): string => [rule, is, first, second].join(" ");
        const turned = back.reasons.map(({ is, one: first, other: second, ...rest }) => ({ ...rest, is: mirrored[is], one: second, other: first }));
        expect(turned.map(key).toSorted()).toEqual(there.reasons.map(key).toSorted());
        expect(there.checks.length).toBe(back.checks.length);
      }),
    );
  });

  test("findings are told by their fingerprints, and not at all where only a row is known", () => {
    fc.assert(
      fc.property(card, card, (one, other) => {
        const keys = new Set([...one.reasons, ...other.reasons].map(({ rule, check: of }) => `${rule} ${of}`));
        const expected = [...keys].map((key) => {
          const of = ({ reasons }: Card): Set<string> => new Set(reasons.filter((some) => `${some.rule} ${some.check}` === key).flatMap(({ fingerprints }) => fingerprints));
          return { gone: of(one).difference(of(other)).size, kept: of(one).intersection(of(other)).size, new: of(other).difference(of(one)).size };
        });
        const sorted = (all: unknown[]): string[] => all.map((each) => JSON.stringify(each)).toSorted();
        expect(sorted(differences(compared(one), compared(other)).reasons.map(({ findings }) => findings))).toEqual(sorted(expected));
        const rows = differences(compared(one, false), compared(other));
        expect(rows.reasons.every(({ is, findings }) => findings === null || is === "new")).toBe(true);
        expect(rows.remarks).toHaveLength(1);
      }),
    );
  });

  test("a card against itself: nothing differs", () => {
    fc.assert(
      fc.property(card, (one) => {
        const { facts, reasons, checks } = differences(compared(one), compared(one));
        expect([facts.filter((fact) => fact.one !== fact.other), checks, reasons.filter(({ is, findings }) => is !== "kept" || findings?.gone !== 0 || findings.new !== 0)]).toEqual([[], [], []]);
      }),
    );
  });
});
