/** Programs that make something new of a state folder that is in use, for whoever enumerates the power cuts in the middle of that. */
import { join } from "node:path";
import type { CheckPlan } from "./check-states.ts";
import { HERE, THERE, writerOn } from "./succession-scenario.ts";

export interface RenewalSubject {
  readonly name: string;
  readonly argv: (root: string) => readonly string[];
  readonly plan: Pick<CheckPlan, "after_acks" | "subject" | "machine">;
  /** So that a smoke sees moments of the whole renewal. */
  readonly stride: number;
}

const WRITER = join(import.meta.dir, "evidence-writer.ts");
const UPGRADER = join(import.meta.dir, "upgrade-writer.ts");
const quoted = (argv: readonly string[]): string => argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
const oneAfterTheOther = (first: readonly string[], second: readonly string[]): string[] => ["sh", "-c", `${quoted(first)} && exec ${quoted(second)}`];

const OLD_VERDICTS = 3;

/** Three verdicts on one machine; then the folder wakes up on another and judges two more. */
export const SUCCESSION: RenewalSubject = {
  name: "a succession",
  argv: (root) => oneAfterTheOther(writerOn(HERE, OLD_VERDICTS)(root), writerOn(THERE, 2)(root)),
  plan: { after_acks: OLD_VERDICTS, machine: THERE },
  stride: 19,
};

/** A verdict, another key for the log, two verdicts under that. */
export const ROTATION: RenewalSubject = {
  name: "a change of the log's key",
  argv: (root) => [process.execPath, WRITER, root, "3", "durable", "close", "", "rotate"],
  plan: { after_acks: 1 },
  stride: 11,
};

/** A folder of version 1, then the first start of a daemon of today. */
export const UPGRADE: RenewalSubject = {
  name: "an upgrade",
  argv: (root) => oneAfterTheOther([process.execPath, UPGRADER, root, "old"], [process.execPath, UPGRADER, root, "new"]),
  plan: { after_acks: 1, subject: "upgrade" },
  stride: 7,
};
