/** Numbers that trusted configuration hides: from here on they travel as what nothing writes down. */
import type { GateConfig } from "../../proto/config.ts";
import { HiddenNumber } from "../../proto/hidden-number.ts";
import type { MeasuredObligation } from "../../proto/outcome.ts";
import { RANGE_BITS_DEFAULT } from "../../proto/range.ts";
import type { ObligationRule } from "../../proto/report.ts";

const UNREAD = "its report holds no number that can be read; what it holds is not said, since the number is hidden";

/** Commands whose output may hold a number that is hidden: what they print, and what they left, is shown and kept nowhere. */
export function hidingCommands({ obligations }: Pick<GateConfig, "obligations">): ReadonlySet<string> {
  return new Set(Object.values(obligations).flatMap(({ from, hide }) => (hide === true && from.command !== undefined ? [from.command] : [])));
}

/** How far the number lies from each of its bounds; negative outside. */
function distances(value: bigint, { min, max }: MeasuredObligation): bigint[] {
  return [min === null ? null : value - BigInt(min), max === null ? null : BigInt(max) - value].filter((one) => one !== null);
}

function hidden(measured: MeasuredObligation, { hide_bits = RANGE_BITS_DEFAULT }: ObligationRule): MeasuredObligation {
  const { value, ...shape } = measured;
  if (value === null) return measured.source_sha256 === null ? measured : { ...measured, because: UNREAD };
  const number = BigInt(value);
  // A pass that cannot be proved is none: a verifier would refuse the whole bundle.
  if (shape.result === "pass" && distances(number, measured).some((far) => far < 0n || far >= 2n ** BigInt(hide_bits))) {
    return { ...shape, value: null, result: "unavailable", because: `it lies further from its bound than ${hide_bits} bits can show; raise hide_bits on the target branch` };
  }
  return { ...shape, value: null, hidden: true, secret: new HiddenNumber(number, hide_bits) };
}

/** Each obligation as it may be shown: the number of one that is hidden is in `secret` alone. */
export function conceal(measured: readonly MeasuredObligation[], { obligations: rules }: Pick<GateConfig, "obligations">): MeasuredObligation[] {
  return measured.map((one) => {
    const rule = Object.hasOwn(rules, one.name) ? rules[one.name] : undefined;
    return rule?.hide === true ? hidden(one, rule) : one;
  });
}
