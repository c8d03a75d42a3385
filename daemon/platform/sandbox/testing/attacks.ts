/** `bun attacks.ts NAME ARGUMENTS`: tries one thing no job may do and prints ESCAPED where it worked. Runs inside the jail. */
import { writeSync } from "node:fs";
import { KERNEL_ATTACKS } from "./attacks-kernel.ts";
import { REACH_ATTACKS } from "./attacks-reach.ts";
import { RESOURCE_ATTACKS } from "./attacks-resources.ts";

export type Attack = (...given: string[]) => Promise<boolean> | boolean;

const ATTACKS: Readonly<Record<string, Attack>> = { ...KERNEL_ATTACKS, ...REACH_ATTACKS, ...RESOURCE_ATTACKS };

/** At once: what waits for a full pipe is lost at the exit. */
const say = (line: string): void => void writeSync(1, `${line}\n`);

const [name = "", ...given] = Bun.argv.slice(2);
const attack = ATTACKS[name];
if (attack === undefined) {
  process.stderr.write(`no attack ${name}; there are ${Object.keys(ATTACKS).join(", ")}\n`);
  process.exit(2);
}
let worked = false;
try {
  worked = await attack(...given);
} catch (error) {
  say(`threw ${String(error)}`);
}
say(worked ? "ESCAPED" : "held");
process.exit(0);
