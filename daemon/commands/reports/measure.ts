/** A report's numbers against the bounds of trusted configuration. */
import { compareRational, exactlyAt, roundedAt, type Rational } from "../../../proto/decimal.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Obligation } from "../../../proto/outcome.ts";
import type { ObligationRule } from "../../../proto/report.ts";
import { published } from "../../checking/redact.ts";
import type { Reading, Report } from "./reading.ts";

const BECAUSE_CHARACTERS_MAX = 1000;

const clip = (text: string): string => published(text.slice(0, BECAUSE_CHARACTERS_MAX)).slice(0, BECAUSE_CHARACTERS_MAX).toWellFormed();

function bound(text: string | undefined, scale: number): string | null {
  if (text === undefined) return null;
  const integer = exactlyAt(text, scale);
  if (integer === null) throw new MaestroError("internal.bug", `the bound ${text} at scale ${scale} was taken by the configuration`);
  return integer;
}

/** An obligation before anything was measured. */
function shapeOf(name: string, rule: ObligationRule, observer: Obligation["observer"]): Omit<Obligation, "result" | "value" | "because"> {
  const { kind = "numeric", required = true, unit, scale = 0, min, max } = rule;
  return { name, kind, required, observer, unit: unit ?? null, scale: kind === "boolean" ? 0 : scale, min: bound(min, scale), max: bound(max, scale) };
}

/** Not measured, with the reason. */
export function unmeasured(name: string, rule: ObligationRule, observer: Obligation["observer"], result: "unavailable" | "not_applicable", because: string): Obligation {
  return { ...shapeOf(name, rule, observer), result, value: null, because: clip(because) };
}

/** What is compared is the exact value; what is written down is rounded toward failing, so that 79.999 never reads as 80.00. */
function numeric(shape: ReturnType<typeof shapeOf>, value: Rational): Obligation | string {
  const limit = (integer: string | null): Rational | null => (integer === null ? null : { num: BigInt(integer), den: 10n ** BigInt(shape.scale) });
  const [min, max] = [limit(shape.min), limit(shape.max)];
  const below = min !== null && compareRational(value, min) < 0;
  const above = max !== null && compareRational(value, max) > 0;
  const written = roundedAt(value, shape.scale, above || min === null ? "up" : "down");
  if (written === null) return "the number is out of range";
  return { ...shape, result: below || above ? "fail" : "pass", value: written, because: null };
}

function obligationOf(shape: ReturnType<typeof shapeOf>, reading: Reading): Obligation | string {
  if ("broken" in reading) return reading.broken;
  const { value } = reading;
  if (shape.kind === "boolean") {
    if (typeof value !== "boolean") return "a number stands where true or false is expected";
    return { ...shape, result: value ? "pass" : "fail", value: value ? "1" : "0", because: null };
  }
  return typeof value === "boolean" ? "true or false stands where a number is expected" : numeric(shape, value);
}

/** One obligation out of an opened report. What cannot be read is `unavailable`, never a value. */
export function measure(name: string, rule: ObligationRule, observer: Obligation["observer"], report: Report): Obligation {
  const shape = shapeOf(name, rule, observer);
  const found = obligationOf(shape, report(rule.format === "json" ? (rule.pointer ?? "") : (rule.metric ?? "")));
  return typeof found === "string" ? unmeasured(name, rule, observer, "unavailable", found) : found;
}
