import { visible } from "../../../verifier/visible.ts";
import type { Verification } from "../../../../proto/verification.ts";

type Range = NonNullable<Verification["ranges"]>[number];

const RESULTS: Readonly<Record<Range["result"], string>> = { proved: "proved within its bounds", outside: "outside, as the gate says", not_proved: "not proved" };
const SOURCES: Readonly<Record<Range["bounds"], string>> = { configuration: "the configuration that the statement names", given: "a file you gave", signer: "the signer's word alone" };

/** An integer in units of 10^-scale, as a person writes it. */
export function decimalText(value: string, scale: number): string {
  const negative = value.startsWith("-");
  const digits = value.replace("-", "").padStart(scale + 1, "0");
  const cut = digits.length - scale;
  return `${negative ? "-" : ""}${digits.slice(0, cut)}${scale === 0 ? "" : `.${digits.slice(cut)}`}`;
}

/** Obligation, result, bounds, and where the bounds come from. */
export function rangeRow({ obligation, result, min, max, unit, scale, bounds, because }: Range): string[] {
  const bound = (sign: string, value: string | null): string[] => (value === null ? [] : [`${sign} ${decimalText(value, scale)}${unit === null ? "" : ` ${unit}`}`]);
  const both = [...bound("at least", min), ...bound("at most", max)].join(", ");
  return [visible(obligation), `${RESULTS[result]}${because === null ? "" : `: ${visible(because)}`}`, visible(both), SOURCES[bounds]];
}
