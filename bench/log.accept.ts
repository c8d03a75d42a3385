/** Our log folder in the hands of two other implementations: Go's own checksum-database client and Tessera's fsck. */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { createEvidence } from "../daemon/evidence/index.ts";
import { openKeys } from "../daemon/evidence/keys/index.ts";
import { openLog } from "../daemon/evidence/log/index.ts";
import { systemClock } from "../daemon/platform/clock.ts";
import { openStore } from "../daemon/store/db.ts";
import { recordInput } from "../daemon/testing/evidence.ts";
import { tlogProofText } from "../daemon/verifier/tlog-proof.ts";
import { StoreLimits } from "../proto/config.ts";
import { toBase64, utf8 } from "../proto/encoding.ts";
import { accepts, output } from "./rig/accepts.ts";
import { fsck, logcheck } from "./rig/tools.ts";

const client = await logcheck();
const tessera = await fsck();
/** Two full tiles, a partial one, and a second level. */
const SIZES = [1, 200, 600] as const;

const CLI = join(import.meta.dir, "../daemon/cli/main.ts");
const work = mkdtempSync(join(tmpdir(), "maestro-accept-log-"));
const folder = join(work, "state", "log");
const given = join(work, "given");
const changed = join(work, "changed");

/** `timeout_ms` ends a program that hangs: Tessera's fsck deadlocks on a corrupt tile with one or two workers. */
function run(argv: readonly string[], cwd: string, timeout_ms: number, env: Record<string, string> = {}): { code: number | null; output: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...argv], { cwd, timeout: timeout_ms, env: { ...Bun.env, ...env }, stdout: "pipe", stderr: "pipe" });
  return { code: exitCode, output: `${stdout.toString()}${stderr.toString()}` };
}

async function makeLog(): Promise<void> {
  const state_dir = join(work, "state");
  mkdirSync(given, { recursive: true });
  const keys = openKeys({ state_dir, now: new Date(), trust_domain: null });
  const failures: unknown[] = [];
  const store = openStore({ state_dir, limits: Value.Create(StoreLimits), fatal: (reason) => failures.push(reason) });
  const log = await openLog({ store, state_dir, key: keys.log_note, sign: keys.log.sign, projection_failed: (error) => failures.push(error) });
  let size = 0;
  for (const next of SIZES) {
    const entries = Array.from({ length: next - size }, (_, i) => utf8(`{"entry":${size + i},"padding":"${"x".repeat((size + i) % 700)}"}`));
    await log.append(entries, 1, () => undefined);
    await log.published();
    if (next === SIZES[1]) writeFileSync(join(given, "old-checkpoint"), log.state().checkpoint);
    size = next;
  }
  for (const index of [0, 1, 199, 255, 256, 511, 512, 599]) {
    const { proof, checkpoint } = log.receipt(index);
    writeFileSync(join(given, `${index}.tlog-proof`), tlogProofText({ index, hashes: proof, checkpoint }));
  }
  writeFileSync(join(given, "consistency"), log.consistencyProof(SIZES[1], SIZES[2]).map((hash) => `${toBase64(hash)}\n`).join(""));
  await store.close();
  expect(failures).toEqual([]);
}

/** A node's log whose key changed in its midst, and the checkpoints that a stranger kept on the way: before, where both keys meet, after. */
async function makeRotated(): Promise<Readonly<Record<"before" | "meeting" | "after", string>>> {
  const failures: unknown[] = [];
  const failed = (error: unknown): void => void failures.push(error);
  const store = openStore({ state_dir: changed, limits: Value.Create(StoreLimits), fatal: failed });
  const evidence = await createEvidence({ store, state_dir: changed, trust_domain: null, version: "0.0.0", clock: systemClock, time_froze: failed, projection_failed: failed });
  let attempt = 1;
  const upTo = async (size: number): Promise<string> => {
    while (evidence.logState().size < size) await evidence.record(recordInput(evidence.trust_domain, attempt++), () => undefined);
    return evidence.logState().checkpoint;
  };
  const before = await upTo(200);
  await evidence.published();
  writeFileSync(join(work, "first.vkey"), readFileSync(join(changed, "log/log.vkey")));
  await evidence.rotateLog("both");
  const meeting = evidence.logState().checkpoint;
  const after = await upTo(300);
  await evidence.published();
  await store.close();
  expect(failures).toEqual([]);
  return { before, meeting, after };
}

/** `maestro log export` of the log as that checkpoint has it. */
async function exported(name: string, checkpoint: string): Promise<string> {
  const out = join(work, `site-${name}`);
  const kept = join(work, `${name}.checkpoint`);
  writeFileSync(kept, checkpoint);
  await output([process.execPath, CLI, "log", "export", "--log", join(changed, "log"), "--out", out, "--checkpoint", kept]);
  return out;
}

/** A copy of the log with one bit of one file turned. */
function corrupted(name: string, path: string): string {
  const copy = join(work, name);
  cpSync(folder, copy, { recursive: true });
  const bytes = readFileSync(join(copy, path));
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(join(copy, path), bytes);
  return copy;
}

beforeAll(makeLog, 300_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe("Go's checksum database client", () => {
  accepts(client, "opens the checkpoint, finds every entry through the tiles, and accepts our receipts and consistency proof", () => {
    expect(run([client.path(), folder, given], work, 60_000)).toEqual({ code: 0, output: "600 entries, 8 receipts, 600 extends 200\n" });
  });

  accepts(client, "refuses the log with one bit turned in a tile, an entry bundle or the checkpoint", () => {
    for (const [i, path] of ["tile/0/001", "tile/1/000.p/2", "tile/entries/002.p/88", "checkpoint"].entries()) {
      expect(run([client.path(), corrupted(`turned-${i}`, path), given], work, 60_000).code).not.toBe(0);
    }
  });
});

describe("Tessera", () => {
  const SUCCESS = "Successfully fsck'd";
  const check = (log: string, vkey = join(log, "log.vkey")): string => {
    const argv = [tessera.path(), `--storage_url=file://${log}/`, `--public_key=${vkey}`, "--ui=false", "-N", "16"];
    return run(argv, work, 60_000).output;
  };
  // It exits 0 also when it finds something: only its own word counts.
  accepts(tessera, "says that our log is whole", () => {
    expect(check(folder)).toContain(SUCCESS);
  });

  accepts(tessera, "says so of an export before, at and after a change of the log's key, under the key of that size and no other", async () => {
    const { before, meeting, after } = await makeRotated();
    const first = join(work, "first.vkey");
    const sites = { before: await exported("before", before), meeting: await exported("meeting", meeting), after: await exported("after", after) };
    for (const site of Object.values(sites)) expect(check(site)).toContain(SUCCESS);
    // Both keys signed the checkpoint where they meet, so whoever has the first one alone reads up to there.
    expect(check(sites.before, first)).toContain(SUCCESS);
    expect(check(sites.meeting, first)).toContain(SUCCESS);
    expect(check(sites.after, first)).not.toContain(SUCCESS);
  });

  accepts(tessera, "does not say so once a bit is turned", () => {
    expect(check(corrupted("fsck-turned", "tile/0/000"))).not.toContain(SUCCESS);
    expect(check(corrupted("fsck-entry", "tile/entries/001"))).not.toContain(SUCCESS);
  });
});
