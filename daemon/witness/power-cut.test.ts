/** The power goes while a witness works: whatever it answered stands in its file, and its next start cosigns on. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../proto/config.ts";
import { openStore } from "../store/db.ts";
import { CrashStates } from "../testing/faults/crash-states.ts";
import type { Acknowledged } from "../testing/faults/evidence-writer.ts";
import type { Recording, Tree } from "../testing/faults/disk-model.ts";
import { linesToStdout, readTrace, record, recordingFolder } from "../testing/faults/record.ts";
import { skipWithout } from "../testing/skip.ts";
import { parseCosignerKey, type CosignerKey } from "../verifier/cosignature.ts";
import { parseCheckpoint } from "../verifier/checkpoint.ts";
import { parseNote } from "../verifier/note.ts";
import { rolledBack } from "./published.ts";
import { openHeads } from "./table.ts";

setDefaultTimeout(60_000);
const SEED = 20_261_122;
const WRITER = join(import.meta.dir, "testing/witness-writer.ts");
const ANSWERS = 3;
const noStrace = skipWithout(Bun.which("strace") !== null, "strace is not installed, so no crash state was made");

const recording = recordingFolder();
let seen: Recording<Acknowledged>;
/** Size of the tree in the witness's file; 0 where there is none. */
function fileSize(tree: Tree): number {
  for (const [path, bytes] of tree) if (/^witness\/[0-9a-f]{64}$/.test(path) && bytes !== null) return parseCheckpoint(parseNote(Buffer.from(bytes).toString())?.text ?? "")?.size ?? -1;
  return 0;
}

/** Logs that the next start would not cosign any more. */
async function refusedIn(tree: Tree, folder: string, key: CosignerKey): Promise<string[]> {
  for (const [path, bytes] of tree) {
    const to = join(folder, path);
    mkdirSync(bytes === null ? to : dirname(to), { recursive: true, mode: 0o700 });
    if (bytes !== null) writeFileSync(to, bytes, { mode: 0o600 });
  }
  const store = openStore({ state_dir: folder, limits: Value.Create(StoreLimits), fatal: () => undefined });
  try {
    return [...rolledBack(join(folder, "witness"), openHeads(store), key).values()];
  } finally {
    await store.close();
  }
}

describe.skipIf(noStrace)("a power cut", () => {
  beforeAll(async () => {
    mkdirSync(recording.root, { mode: 0o700 });
    await record([process.execPath, WRITER, recording.root, String(ANSWERS)], recording.trace);
    seen = readTrace(recording.trace, recording.root, linesToStdout);
  });
  afterAll(() => recording[Symbol.dispose]());

  /** States in which the file says less than was answered. */
  function forgotten(syncs_are_ignored: boolean): { states: number; forgotten: string[] } {
    const states = new CrashStates(seen, SEED, { syncs_are_ignored });
    const found: string[] = [];
    const count = states.moments_count * 3;
    for (let n = 0; n < count; n++) {
      const { acknowledged, how, moment, tree } = states.state(n);
      const size = fileSize(tree());
      const answers = Math.max(0, ...acknowledged.map(({ attempt }) => attempt));
      if (size < answers) found.push(`${how} at ${moment}: answered ${answers}, the file has ${size}`);
    }
    return { states: count, forgotten: found };
  }

  test("attack: the power goes right after an answer, and then an older database is put back: the file of what was cosigned was on disk before the answer left", () => {
    expect(seen.acks.length).toBe(ANSWERS);
    const { states, forgotten: found } = forgotten(false);
    process.stderr.write(`crash states of a witness: ${states}\n`);
    expect(found).toEqual([]);
  });

  test("canary: a disk that says synced and is not is found out", () => {
    expect(forgotten(true).forgotten.length).toBeGreaterThan(0);
  });

  test("the next start goes on cosigning, wherever the power went", async () => {
    const states = new CrashStates(seen, SEED);
    const key = parseCosignerKey(seen.acks[0]?.value.gate_id ?? "");
    const refused: string[] = [];
    for (let n = 0; n < 24; n++) {
      const state = states.state(Math.floor(((n + 1) * states.moments_count * 5) / 25));
      if (key !== null && state.acknowledged.length > 0) refused.push(...(await refusedIn(state.tree(), join(recording.folder, `opened-${n}`), key)));
    }
    expect([key === null, refused]).toEqual([false, []]);
  });
});
