/** What is said of hidden numbers: what is proved of each, by whose bounds, and what is not. */
import { decimalText } from "../../../proto/decimal.ts";
import type { VerifiedRange } from "../../../proto/range.ts";
import type { Verification } from "../../../proto/verification.ts";

const BOUNDS: Readonly<Record<VerifiedRange["bounds"], string>> = {
  configuration: "bounds of the configuration that the gate's identity names",
  given: "bounds of the file you gave",
  signer: "not proved: whose bounds these are; they are the signer's own word, so give --bounds FILE",
};

/** A unit is any text of a configuration file: what is not plain is left out. */
const unitText = (unit: string | null): string => (unit !== null && /^[\w%/.-]+$/.test(unit) ? ` ${unit}` : "");

function boundsText({ min, max, scale, unit }: VerifiedRange): string {
  const of = (integer: string): string => `${decimalText(integer, scale)}${unitText(unit)}`;
  return [min === null ? null : `at least ${of(min)}`, max === null ? null : `at most ${of(max)}`].filter((text) => text !== null).join(" and ");
}

function rangeText(range: VerifiedRange): string {
  const { obligation, result, bounds, because } = range;
  if (result === "outside") return `${obligation}: hidden, not ${boundsText(range)}. Not proved: ${because ?? ""}`;
  if (result === "not_proved") return `${obligation}: hidden. Not proved: ${because ?? ""}`;
  return `${obligation}: hidden, proved to be ${boundsText(range)} (${BOUNDS[bounds]})`;
}

/** One line for each, and once what such a proof does not show. */
export function rangeTexts({ ranges = [], opening }: Pick<Verification, "ranges" | "opening">): string[] {
  const lines = ranges.map(rangeText);
  if (ranges.some(({ result }) => result === "proved")) lines.push("a proof shows that the committed number is within its bounds, not that the measurement is true");
  if (opening !== undefined) lines.push(`${opening.obligation}: opened as ${decimalText(opening.value, opening.scale)}${unitText(opening.unit)}, the very number that the signed leaf holds`);
  return lines;
}
