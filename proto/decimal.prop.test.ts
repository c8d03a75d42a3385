import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { compareRational, decimalText, exactlyAt, parseDecimal, rational, roundedAt } from "./decimal.ts";

const big = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n });
const scale = fc.integer({ min: 0, max: 6 });

describe("exact decimals", () => {
  test("a rounded value stands on the named side of the exact one, less than one unit away", () => {
    fc.assert(
      fc.property(big, fc.bigInt({ min: 1n, max: 10n ** 9n }), scale, (num, den, digits) => {
        const value = rational(num, den);
        const unit = 10n ** BigInt(digits);
        const down = rational(BigInt(roundedAt(value, digits, "down") ?? "x"), unit);
        const up = rational(BigInt(roundedAt(value, digits, "up") ?? "x"), unit);
        expect(compareRational(down, value)).toBeLessThanOrEqual(0);
        expect(compareRational(up, value)).toBeGreaterThanOrEqual(0);
        const width = up.num - down.num;
        expect(width === 0n || width === 1n).toBe(true);
        expect(width === 0n).toBe(compareRational(down, value) === 0);
      }),
    );
  });

  test("what is written at a scale is read back as the same number", () => {
    fc.assert(
      fc.property(big, scale, (integer, digits) => {
        const text = decimalText(String(integer), digits);
        expect(exactlyAt(text, digits)).toBe(String(integer));
      }),
    );
  });

  test("a number is what its own digits say, exponent or not", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), fc.integer({ min: -20, max: 20 }), (digits, exponent) => {
        const read = parseDecimal(`${digits}e${exponent}`);
        const wanted = exponent >= 0 ? rational(digits * 10n ** BigInt(exponent)) : rational(digits, 10n ** BigInt(-exponent));
        expect(read === null ? null : compareRational(read, wanted)).toBe(0);
      }),
    );
  });

  test("a half of a third is not lost to a float", () => {
    expect(roundedAt(rational(2, 3), 0, "down")).toBe("0");
    expect(roundedAt(rational(200, 3), 2, "down")).toBe("6666");
    expect(roundedAt(rational(200, 3), 2, "up")).toBe("6667");
    expect(roundedAt(rational(-1, 3), 0, "down")).toBe("-1");
    // As floats these two are equal.
    expect(compareRational(parseDecimal("0.1000000000000000055511151231257827")!, parseDecimal("0.1")!)).toBe(1);
  });

  test.each(["", "NaN", "Infinity", "-", "1.", ".5", "01", "+1", "1e", "0x10", "1_000", " 1", "1 ", "１", "1e999", "1e-999", "1e999999999999", "9".repeat(65), `0.${"1".repeat(64)}`])("%j is no number", (text) => {
    expect(parseDecimal(text)).toBeNull();
  });

  test("a bound that its scale cannot hold is refused instead of rounded, and so is one with 39 digits", () => {
    expect(exactlyAt("80.005", 2)).toBeNull();
    expect(exactlyAt("80.00", 2)).toBe("8000");
    expect(exactlyAt("80.000", 2)).toBe("8000");
    expect(exactlyAt("9".repeat(39), 0)).toBeNull();
    expect(exactlyAt("-0.5", 1)).toBe("-5");
  });
});
