/** Power cuts while a log ends and another begins, and while an older folder is upgraded; `bench/crash-states.nightly.ts` tries many thousands. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { skipWithout } from "../skip.ts";
import { checkStates, summary, type CheckPlan, type Tally } from "./check-states.ts";
import { record, recordingFolder } from "./record.ts";
import { SUCCESSION, UPGRADE, type RenewalSubject } from "./renewal-subjects.ts";

setDefaultTimeout(120_000);
const SEED = 20_261_122;
/** As many as fit into a few seconds; every kind of loss is among them. */
const STATES = 40;
const noStrace = skipWithout(Bun.which("strace") !== null, "strace is not installed, so no crash state was made");

describe.skipIf(noStrace).each([SUCCESSION, UPGRADE])("a power cut in the middle of $name", (subject: RenewalSubject) => {
  const recording = recordingFolder();
  beforeAll(() => record(subject.argv(recording.root), recording.trace));
  afterAll(() => recording[Symbol.dispose]());

  const check = (plan: Partial<CheckPlan>): Promise<Tally> =>
    checkStates({ trace: recording.trace, root: recording.root, seed: SEED, from: 0, to: STATES * subject.stride, stride: subject.stride, boot: "same", promises: "lines", ...subject.plan, ...plan });

  test("loses nothing of the old, halves nothing, and the next start goes on", async () => {
    const { states, distinct, findings } = await check({});
    process.stderr.write(`crash states, ${subject.name}: ${states}, ${distinct} different, seed ${SEED}\n`);
    expect(summary(findings)).toEqual([]);
    expect([states, distinct > STATES / 4]).toEqual([STATES, true]);
  });

  test("canary: a disk that says synced and is not is found out", async () => {
    const { findings } = await check({ to: (STATES / 2) * subject.stride, syncs_are_ignored: true });
    expect(findings.length).toBeGreaterThan(0);
  });
});
