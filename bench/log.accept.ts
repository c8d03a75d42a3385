/** Our log folder in the hands of two other implementations: Go's own checksum-database client and Tessera's fsck. */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { openKeys } from "../daemon/evidence/keys/index.ts";
import { openLog } from "../daemon/evidence/log/index.ts";
import { openStore } from "../daemon/store/db.ts";
import { tlogProofText } from "../daemon/verifier/tlog-proof.ts";
import { StoreLimits } from "../proto/config.ts";
import { toBase64, utf8 } from "../proto/encoding.ts";
import { accepts } from "./rig/accepts.ts";

const XMOD_VERSION = "v0.42.0";
const TESSERA_VERSION = "v1.0.4";
/** Two full tiles, a partial one, and a second level. */
const SIZES = [1, 200, 600] as const;

const work = mkdtempSync(join(tmpdir(), "maestro-accept-log-"));
const folder = join(work, "state", "log");
const given = join(work, "given");

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

/** A copy of the log with one bit of one file turned. */
function corrupted(name: string, path: string): string {
  const copy = join(work, name);
  cpSync(folder, copy, { recursive: true });
  const bytes = readFileSync(join(copy, path));
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(join(copy, path), bytes);
  return copy;
}

beforeAll(makeLog, 60_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe("Go's checksum database client", () => {
  const tool = { name: "golang.org/x/mod/sumdb", version: XMOD_VERSION };
  const program = join(work, "logcheck");
  beforeAll(() => {
    const source = join(work, "logcheck-src");
    mkdirSync(source);
    copyFileSync(join(import.meta.dir, "peers/logcheck.go"), join(source, "main.go"));
    writeFileSync(join(source, "go.mod"), `module logcheck\n\ngo 1.24\n\nrequire golang.org/x/mod ${XMOD_VERSION}\n`);
    expect(run(["go", "build", "-mod=mod", "-o", program, "."], source, 300_000)).toEqual({ code: 0, output: expect.any(String) });
  }, 300_000);

  accepts(tool, "opens the checkpoint, finds every entry through the tiles, and accepts our receipts and consistency proof", () => {
    expect(run([program, folder, given], work, 60_000)).toEqual({ code: 0, output: "600 entries, 8 receipts, 600 extends 200\n" });
  });

  accepts(tool, "refuses the log with one bit turned in a tile, an entry bundle or the checkpoint", () => {
    for (const [i, path] of ["tile/0/001", "tile/1/000.p/2", "tile/entries/002.p/88", "checkpoint"].entries()) {
      expect(run([program, corrupted(`turned-${i}`, path), given], work, 60_000).code).not.toBe(0);
    }
  });
});

describe("Tessera", () => {
  const tool = { name: "github.com/transparency-dev/tessera/cmd/fsck", version: TESSERA_VERSION };
  const bin = join(work, "bin");
  const SUCCESS = "Successfully fsck'd";
  const fsck = (log: string): string => {
    const argv = [join(bin, "fsck"), `--storage_url=file://${log}/`, `--public_key=${join(log, "log.vkey")}`, "--ui=false", "-N", "16"];
    return run(argv, work, 60_000).output;
  };
  beforeAll(() => {
    expect(run(["go", "install", `github.com/transparency-dev/tessera/cmd/fsck@${TESSERA_VERSION}`], work, 580_000, { GOBIN: bin }).code).toBe(0);
  }, 600_000);

  // It exits 0 also when it finds something: only its own word counts.
  accepts(tool, "says that our log is whole", () => {
    expect(fsck(folder)).toContain(SUCCESS);
  });

  accepts(tool, "does not say so once a bit is turned", () => {
    expect(fsck(corrupted("fsck-turned", "tile/0/000"))).not.toContain(SUCCESS);
    expect(fsck(corrupted("fsck-entry", "tile/entries/001"))).not.toContain(SUCCESS);
  });
});
