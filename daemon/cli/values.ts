/** What commands without a daemon take out of their options. */
import { MaestroError } from "../../proto/errors.ts";
import { textOf, type Values } from "./command.ts";

const DAYS_DEFAULT = 365;
const DAYS_MAX = 3_650;

/** Throws `cli.usage` where `command` was not given it. */
export function required(command: string, values: Values, name: string): string {
  const value = textOf(values, name);
  if (value === undefined) throw new MaestroError("cli.usage", `${command} needs --${name}; see \`maestro ${command} --help\``);
  return value;
}

/** `a,b, c` as its words. */
export const wordsIn = (list: string): string[] => list.split(",").map((word) => word.trim()).filter((word) => word !== "");

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `90s`, `15m`, `8h`, `7d` in seconds. Throws `cli.usage`. */
export function secondsIn(value: string, name: string): number {
  const [, count, unit = ""] = /^([1-9][0-9]{0,6})([smhd])$/.exec(value) ?? [];
  if (count === undefined) throw new MaestroError("cli.usage", `--${name} takes a time such as 90s, 15m, 8h or 7d, not ${value}`);
  return Number(count) * (UNITS[unit] ?? 0);
}

/** How long a key counts. Throws `cli.usage`. */
export function daysOf(values: Values): number {
  const days = values["days"] === undefined ? DAYS_DEFAULT : Number(values["days"]);
  if (!Number.isInteger(days) || days < 1 || days > DAYS_MAX) throw new MaestroError("cli.usage", `--days takes a whole number from 1 to ${DAYS_MAX}`);
  return days;
}
