/** The enumerator over the real store, log and blobs: a few hundred states; `bench/crash-states.nightly.ts` tries more than 100,000. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { skipWithout } from "../skip.ts";
import { checkStates, mayFakeBoot, summary, type CheckPlan, type Tally } from "./check-states.ts";
import { durableFrom, treeOf, type Inode, type Op } from "./disk-model.ts";
import { linesToStdout, readTrace, record, recordingFolder } from "./record.ts";

setDefaultTimeout(120_000);
const SEED = 20_261_122;
const WRITER = join(import.meta.dir, "evidence-writer.ts");
const noStrace = skipWithout(Bun.which("strace") !== null, "strace is not installed, so no crash state was made");

/** An inode and everything that was put below it before that line; LMDB's lock table is memory and no part of it. */
function below(ops: readonly Op[], top: Inode, line: number): Set<Inode> {
  const found = new Set([top]);
  for (const op of ops) if (op.kind === "name" && op.inode !== null && op.began < line && found.has(op.folder) && op.name !== "lock.mdb") found.add(op.inode);
  return found;
}

describe.skipIf(noStrace)("a power cut at any moment", () => {
  const sound = recordingFolder();
  const early = recordingFolder();
  beforeAll(async () => {
    await Promise.all([record([process.execPath, WRITER, sound.root, "3"], sound.trace), record([process.execPath, WRITER, early.root, "2", "early"], early.trace)]);
  });
  afterAll(() => {
    sound[Symbol.dispose]();
    early[Symbol.dispose]();
  });

  const check = ({ trace, root }: typeof sound, plan: Partial<CheckPlan>): Promise<Tally> => checkStates({ trace, root, seed: SEED, from: 0, to: 1_500, stride: 7, boot: "same", promises: "lines", ...plan });
  const shown = (what: string, { states, distinct, findings }: Tally): void => void process.stderr.write(`crash states, ${what}: ${states}, ${distinct} different, seed ${SEED}, ${findings.length} findings\n`);

  test("the model, given every operation, is the folder that the program left, byte for byte", () => {
    const recording = readTrace(sound.trace, sound.root, linesToStdout);
    const tree = treeOf(recording.root, recording.ops, () => "all");
    expect([...tree.keys()].sort()).toEqual(readdirSync(sound.root, { recursive: true }).map(String).sort());
    const differing = [...tree].filter(([path, bytes]) => bytes !== null && !readFileSync(join(sound.root, path)).equals(bytes));
    // LMDB's lock table is written through memory; whoever opens the database first makes it anew.
    expect(differing.map(([path]) => path)).toEqual(["db/lock.mdb"]);
    expect(recording.acks.map(({ value }) => value.log_index)).toEqual([0, 1, 2]);
  });

  test("nothing gets its final name before its bytes, and the names below it, are durable", () => {
    const recording = readTrace(sound.trace, sound.root, linesToStdout);
    const durable = durableFrom(recording);
    const late = recording.ops.flatMap((rename) => {
      if (rename.kind !== "name" || rename.from === null || rename.inode === null) return [];
      const inside = below(recording.ops, rename.inode, rename.began);
      return recording.ops.flatMap((op, i) => (op.began < rename.began && inside.has(op.kind === "name" ? op.folder : op.inode) && (durable[i] ?? Infinity) > rename.began ? [rename.name] : []));
    });
    // What the log publishes can be made again from the store, so nothing waits for it.
    const again = /^(?:checkpoint|log\.vkey|\d+)$/;
    expect(late.filter((name) => !again.test(name))).toEqual([]);
    expect(recording.ops.some((op) => op.kind === "name" && op.from !== null && op.name === "db")).toBe(true);
  });

  test("loses nothing acknowledged, halves nothing, and the log verifies: same boot id", async () => {
    const tally = await check(sound, {});
    shown("same boot", tally);
    expect(summary(tally.findings)).toEqual([]);
    expect(tally.states).toBe(215);
  });

  test.skipIf(skipWithout(mayFakeBoot(), "this user may not make a mount namespace, so no other boot id was tried"))("nor with another boot id", async () => {
    const tally = await check(sound, { from: 3, boot: "other" });
    shown("other boot", tally);
    expect(summary(tally.findings)).toEqual([]);
    expect(tally.distinct).toBeGreaterThan(50);
  });

  test("canary: a writer that promises before its transaction is found out", async () => {
    // From its first promise on, moment by moment: its transaction is durable a few lines of the trace later, wherever in it that is.
    const { findings } = await check(early, { after_acks: 1, to: 20, stride: 1 });
    expect(summary(findings).join("\n")).toContain("LOST");
  });

  test("canary: a disk that says synced and is not is found out", async () => {
    const { findings } = await check(sound, { after_acks: 1, to: 20, stride: 1, syncs_are_ignored: true });
    expect(summary(findings).join("\n")).toContain("LOST");
  });
});
