/** What can be typed after `maestro`, read from the one table of commands. */
import { GLOBAL_OPTIONS, type Command } from "../command.ts";

export interface Word {
  /** With its dashes. */
  readonly flag: string;
  readonly short: string | null;
  /** Name of the value; null for a switch. */
  readonly value: string | null;
  readonly help: string;
}

export function optionsOf(command: Command): readonly Word[] {
  return Object.entries({ ...command.options, ...GLOBAL_OPTIONS }).map(([name, { short, value, help }]) => ({ flag: `--${name}`, short: short === undefined ? null : `-${short}`, value: value ?? null, help }));
}

/** Inside single quotes of a shell. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
