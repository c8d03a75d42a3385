/**
 * 64-bit integers as CEL has them, in the cheapest form that is exact: a
 * number within ±(2^53-1), a bigint beyond. One form for each value, so that
 * `===` compares, and JavaScript's `<` compares the two forms exactly.
 */
import { INT_MAX, INT_MIN } from "../limits.ts";
import { integer } from "../types/literals.ts";
import { failed } from "./failure.ts";

export type Integer = number | bigint;

/** Throws where the value has more than 64 bits: CEL calls that an error, never a wrapped number. */
function narrow(value: bigint): Integer {
  if (value > INT_MAX || value < INT_MIN) throw failed("a number has more than 64 bits");
  return integer(value);
}

const safe = Number.isSafeInteger;

/** Whether a result of doubles is the exact one: beyond 2^53 it would have been rounded to something that is not safe. */
const exact = (a: Integer, b: Integer): a is number => typeof a === "number" && typeof b === "number";

export function add(a: Integer, b: Integer): Integer {
  if (exact(a, b)) {
    const sum = a + (b as number);
    if (safe(sum)) return sum;
  }
  return narrow(BigInt(a) + BigInt(b));
}

export function subtract(a: Integer, b: Integer): Integer {
  if (exact(a, b)) {
    const difference = a - (b as number);
    if (safe(difference)) return difference;
  }
  return narrow(BigInt(a) - BigInt(b));
}

export function multiply(a: Integer, b: Integer): Integer {
  if (exact(a, b)) {
    const product = a * (b as number);
    // Adding nothing turns -0 into 0.
    if (safe(product)) return product + 0;
  }
  return narrow(BigInt(a) * BigInt(b));
}

/** Toward zero, as CEL and C. */
export function divide(a: Integer, b: Integer): Integer {
  if (b === 0) throw failed("division by zero");
  if (exact(a, b)) return (a - (a % (b as number))) / (b as number) + 0;
  return narrow(BigInt(a) / BigInt(b));
}

/** With the sign of `a`. */
export function remainder(a: Integer, b: Integer): Integer {
  if (b === 0) throw failed("division by zero");
  if (exact(a, b)) return (a % (b as number)) + 0;
  return narrow(BigInt(a) % BigInt(b));
}

export const negate = (a: Integer): Integer => (typeof a === "number" ? 0 - a : narrow(-a));

/** Toward zero. Throws for what has no integer near it. */
export function fromDouble(value: number): Integer {
  if (!Number.isFinite(value)) throw failed("no int is near that double");
  return narrow(BigInt(Math.trunc(value)));
}
