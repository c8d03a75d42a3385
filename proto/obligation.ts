import { decimalText } from "./decimal.ts";
import type { Obligation } from "./outcome.ts";

/** `71.42 percent, at least 80.00 is required`; for a person. */
export function boundText({ kind, value, unit, scale, min, max, hidden }: Obligation): string {
  if (kind === "boolean") return value === "1" ? "true" : "false, true is required";
  const number = (integer: string): string => decimalText(integer, scale);
  const said = `${hidden === true ? "a hidden number" : value === null ? "unknown" : number(value)}${unit === null ? "" : hidden === true ? ` of ${unit}` : ` ${unit}`}`;
  const bounds = [min === null ? null : `at least ${number(min)}`, max === null ? null : `at most ${number(max)}`].filter((text) => text !== null);
  return `${said}, ${bounds.join(" and ")} is required`;
}
