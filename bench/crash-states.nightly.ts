/**
 * More than 100,000 states that a power cut may leave of the store, the log
 * and the blobs (docs/durability.md): recorded from the evidence writer, from a
 * restart, from a log that ends and another that begins, from an upgrade, and from `maestrod` judging changes. `MAESTRO_CRASH_STATES` says how many.
 */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { checkStates, summary, type CheckPlan, type Tally } from "../daemon/testing/faults/check-states.ts";
import { record, recordingFolder } from "../daemon/testing/faults/record.ts";
import { ROTATION, SUCCESSION, UPGRADE } from "../daemon/testing/faults/renewal-subjects.ts";
import { commitId, figureLine, machineName } from "./figure.ts";

const STATES = Number(process.env["MAESTRO_CRASH_STATES"] ?? "100000");
const SEED = Number(process.env["MAESTRO_CRASH_SEED"] ?? String(Math.floor(Date.now() / 86_400_000)));
const DEADLINE_MS = 3 * 3_600_000;
const FAULTS = join(import.meta.dir, "../daemon/testing/faults");
const WRITER = join(FAULTS, "evidence-writer.ts");

interface Subject {
  readonly name: string;
  readonly promises: CheckPlan["promises"];
  /** Share of the states. */
  readonly share: number;
  readonly argv: (root: string) => readonly string[];
  readonly plan?: Partial<CheckPlan>;
}

const twice = (root: string): string[] => ["sh", "-c", `"$0" "$1" "$2" 3 durable leave && exec "$0" "$1" "$2" 3`, process.execPath, WRITER, root];

const SUBJECTS: readonly Subject[] = [
  { name: "first start and four verdicts", promises: "lines", share: 0.2, argv: (root) => [process.execPath, WRITER, root, "4"] },
  { name: "left at once, started again", promises: "lines", share: 0.2, argv: twice },
  { ...SUCCESSION, promises: "lines", share: 0.2 },
  { ...UPGRADE, promises: "lines", share: 0.1 },
  { ...ROTATION, promises: "lines", share: 0.1 },
  { name: "maestrod judges three changes", promises: "replies", share: 0.2, argv: (root) => [process.execPath, join(FAULTS, "daemon-driver.ts"), root, "3"] },
];

/** Two checkers, one with the machine's boot id and one with another; both see every kind of state. */
async function checkBoth({ promises, plan: special }: Subject, trace: string, root: string, states: number): Promise<Tally[]> {
  const plan = { trace, root, seed: SEED, to: states, stride: 2, promises, ...special };
  return Promise.all([checkStates({ ...plan, from: 0, boot: "same" }), checkStates({ ...plan, from: 1, boot: "other" })]);
}

const all: Tally[] = [];
let seconds = 0;

for (const subject of SUBJECTS) {
  const states = Math.ceil(STATES * subject.share);
  test(`${subject.name}: ${states} states, none loses what was acknowledged`, async () => {
    using folder = recordingFolder();
    await record(subject.argv(folder.root), folder.trace);
    const started_ms = performance.now();
    const tallies = await checkBoth(subject, folder.trace, folder.root, states);
    seconds += (performance.now() - started_ms) / 1000;
    all.push(...tallies);
    const distinct = tallies.reduce((sum, tally) => sum + tally.distinct, 0);
    process.stderr.write(`${subject.name}: ${states} states, ${distinct} different, seed ${SEED}\n`);
    expect(summary(tallies.flatMap(({ findings }) => findings))).toEqual([]);
  }, DEADLINE_MS);
}

test(`at least ${STATES} states were tried`, () => {
  const states = all.reduce((sum, tally) => sum + tally.states, 0);
  const distinct = all.reduce((sum, tally) => sum + tally.distinct, 0);
  const note = `${states} states, ${distinct} different, seed ${SEED}; two checkers, half the states under another boot id`;
  process.stdout.write(`${JSON.stringify(figureLine("crash-states", { figure: "crash states audited", value: states / seconds, unit: "states/s", better: "more", note }, machineName(), commitId()))}\n`);
  expect(states).toBeGreaterThanOrEqual(STATES);
});
