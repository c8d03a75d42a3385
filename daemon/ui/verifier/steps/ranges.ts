import { decimalText } from "../../../../proto/decimal.ts";
import type { Verification } from "../../../../proto/verification.ts";
import { visible } from "../../../verifier/visible.ts";

type Range = NonNullable<Verification["ranges"]>[number];

const RESULTS: Readonly<Record<Range["result"], string>> = { proved: "proved within its bounds", outside: "outside, as the gate says", not_proved: "not proved" };
const SOURCES: Readonly<Record<Range["bounds"], string>> = { configuration: "the configuration that the gate's identity names", given: "the file you gave", signer: "the signer's own word; give the configuration" };

/** Whether the proof holds against bounds that the prover did not choose. */
export const isProved = ({ result, bounds }: Range): boolean => result === "proved" && bounds !== "signer";

/** Obligation, result, bounds, and where the bounds come from. */
export function rangeRow({ obligation, result, min, max, unit, scale, bounds, because }: Range): string[] {
  const bound = (sign: string, value: string | null): string[] => (value === null ? [] : [`${sign} ${decimalText(value, scale)}${unit === null ? "" : ` ${unit}`}`]);
  const both = [...bound("at least", min), ...bound("at most", max)].join(", ");
  return [visible(obligation), `${RESULTS[result]}${because === null ? "" : `: ${visible(because)}`}`, visible(both), SOURCES[bounds]];
}
