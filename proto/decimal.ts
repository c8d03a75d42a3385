/** Exact decimals: a bound is written by a person, a value comes out of a report, and no float stands between them. Pure. */

/** `num / den`, `den` above zero. */
export interface Rational {
  readonly num: bigint;
  readonly den: bigint;
}

/** RFC 8259 section 6. */
const NUMBER = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,9}))?$/;
/** A quantity with more digits before or after its point is no measurement, and 10^1e9 would fill the memory. */
const DIGITS_MAX = 64;
/** `Decimal` of proto/scalar.ts takes as many. */
const RESULT_DIGITS_MAX = 38;

const power = (exponent: number): bigint => 10n ** BigInt(exponent);

export const rational = (num: number | bigint, den: number | bigint = 1n): Rational => ({ num: BigInt(num), den: BigInt(den) });

/** A number as JSON writes it, exactly; null for any other text and for one beyond `DIGITS_MAX` digits on either side of the point. */
export function parseDecimal(text: string): Rational | null {
  if (text.length > 4 * DIGITS_MAX) return null;
  const [, sign, whole = "", fraction = "", exponent = "0"] = NUMBER.exec(text) ?? [];
  if (sign === undefined) return null;
  const shift = Number(exponent) - fraction.length;
  const digits = whole + fraction;
  if (Math.abs(Number(exponent)) > DIGITS_MAX || digits.length > DIGITS_MAX) return null;
  const magnitude = BigInt(digits);
  const num = sign === "-" ? -magnitude : magnitude;
  return shift >= 0 ? { num: num * power(shift), den: 1n } : { num, den: power(-shift) };
}

export function compareRational(a: Rational, b: Rational): -1 | 0 | 1 {
  const left = a.num * b.den;
  const right = b.num * a.den;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The largest whole number of 10^-scale that is not above the value. */
function floorAt({ num, den }: Rational, scale: number): bigint {
  const scaled = num * power(scale);
  const quotient = scaled / den;
  return scaled % den < 0n ? quotient - 1n : quotient;
}

/** In units of 10^-scale, rounded down or up; null where it has more digits than a record takes. */
export function roundedAt(value: Rational, scale: number, toward: "down" | "up"): string | null {
  const floor = floorAt(value, scale);
  const exact = floor * value.den === value.num * power(scale);
  const text = String(toward === "down" || exact ? floor : floor + 1n);
  return text.replace("-", "").length > RESULT_DIGITS_MAX ? null : text;
}

/** A decimal text in units of 10^-scale, only where that loses nothing: a bound of "80.005" at scale 2 is a mistake, not 80.00. */
export function exactlyAt(text: string, scale: number): string | null {
  const value = parseDecimal(text);
  if (value === null || (value.num * power(scale)) % value.den !== 0n) return null;
  return roundedAt(value, scale, "down");
}

/** `8000` at scale 2 as `80.00`, for a person. */
export function decimalText(integer: string, scale: number): string {
  if (scale === 0) return integer;
  const sign = integer.startsWith("-") ? "-" : "";
  const digits = integer.replace("-", "").padStart(scale + 1, "0");
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
