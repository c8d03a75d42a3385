import { expect, test } from "bun:test";
import fc from "fast-check";
import { compareRational, decimalText, rational } from "../../../proto/decimal.ts";
import type { Obligation } from "../../../proto/outcome.ts";
import type { ObligationRule } from "../../../proto/report.ts";
import { measure } from "./measure.ts";
import { obligationsOutcome } from "./obligations.ts";

const RULE = { from: { report: "r" }, format: "json", pointer: "" } as const;
const of = (num: bigint, den: bigint, rule: Partial<ObligationRule>): Obligation => measure("a.b", { ...RULE, ...rule }, "sandbox", () => ({ value: rational(num, den) }));

const value = fc.tuple(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), fc.bigInt({ min: 1n, max: 10n ** 6n }));
const bound = fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n });
const scale = fc.integer({ min: 0, max: 4 });

test("pass is exactly what the exact value says, whatever the rounding shows", () => {
  fc.assert(
    fc.property(value, bound, scale, fc.boolean(), ([num, den], limit, digits, lower) => {
      const text = decimalText(String(limit), digits);
      const { result } = of(num, den, lower ? { scale: digits, min: text } : { scale: digits, max: text });
      const compared = compareRational(rational(num, den), rational(limit, 10n ** BigInt(digits)));
      expect(result).toBe((lower ? compared >= 0 : compared <= 0) ? "pass" : "fail");
    }),
  );
});

test("what is written down passes or fails as the exact value does: no rounding ever mends a failure", () => {
  fc.assert(
    fc.property(value, bound, scale, fc.boolean(), ([num, den], limit, digits, lower) => {
      const text = decimalText(String(limit), digits);
      const { result, value: written } = of(num, den, lower ? { scale: digits, min: text } : { scale: digits, max: text });
      const shown = BigInt(written ?? "x");
      expect(lower ? shown >= limit : shown <= limit).toBe(result === "pass");
    }),
  );
});

test("an outcome of obligations never passes with one that is required and not known by a witness", () => {
  const one = fc.record({ required: fc.boolean(), result: fc.constantFrom("pass", "fail", "not_applicable", "unavailable"), observer: fc.constantFrom("sandbox", "job"), accept: fc.boolean() });
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 6 }), (all) => {
      const rules = Object.fromEntries(all.map(({ accept }, i) => [`o${i}`, { ...RULE, min: "1", accept_from_job: accept }]));
      const obligations = all.map(({ required, result, observer }, i): Obligation => ({ name: `o${i}`, kind: "numeric", required, result: result as Obligation["result"], observer: observer as Obligation["observer"], value: result === "pass" || result === "fail" ? "1" : null, unit: null, scale: 0, min: "1", max: null, because: null }));
      const outcome = obligationsOutcome(obligations, rules);
      const unknown = all.some(({ required, result, observer, accept }) => required && (result === "unavailable" || (result === "pass" && observer === "job" && !accept)));
      const failed = all.some(({ required, result }) => required && result === "fail");
      expect(outcome.result === "unavailable").toBe(unknown);
      expect(outcome.findings.some(({ rule }) => rule === "obligation.failed")).toBe(failed);
      if (outcome.result === "pass") expect(all.every(({ result }) => result === "pass" || result === "not_applicable")).toBe(true);
    }),
  );
});

test("seventy-nine point nine nine nine is not eighty", () => {
  const { result, value: written } = of(79_999n, 1000n, { scale: 2, min: "80.00" });
  expect([result, written]).toEqual(["fail", "7999"]);
  expect(of(80n, 1n, { scale: 2, min: "80.00" })).toMatchObject({ result: "pass", value: "8000" });
  expect(of(1n, 3n, { max: "0" })).toMatchObject({ result: "fail", value: "1" });
  expect(of(10n ** 40n, 1n, { min: "1" })).toMatchObject({ result: "unavailable", because: "the number is out of range" });
});

test("a kind that is not the report's is no value", () => {
  const boolean = { ...RULE, kind: "boolean" } as const;
  expect(measure("a", boolean, "job", () => ({ value: true }))).toMatchObject({ result: "pass", value: "1", min: null });
  expect(measure("a", boolean, "job", () => ({ value: false }))).toMatchObject({ result: "fail", value: "0" });
  expect(measure("a", boolean, "job", () => ({ value: rational(1) }))).toMatchObject({ result: "unavailable", value: null });
  expect(measure("a", { ...RULE, min: "1" }, "job", () => ({ value: true }))).toMatchObject({ result: "unavailable" });
  expect(measure("a", { ...RULE, min: "1" }, "job", () => ({ broken: "gone" }))).toMatchObject({ result: "unavailable", because: "gone" });
});
