/** Real disks, real kills: what was acknowledged is there, what was not is whole or absent. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { openArtifacts } from "./artifacts.ts";
import { times } from "../testing/scale.ts";
import { skipWithout } from "../testing/skip.ts";
import { Half, limits } from "./crash-writer.ts";
import { openStore } from "./db.ts";

const WRITER = join(import.meta.dir, "crash-writer.ts");
let dir: string;
const fatal: MaestroError[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-crash-"));
  fatal.length = 0;
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Both halves of every pair up to the last acknowledged one, and never one half alone. */
async function auditPairs(acknowledged: number, state_dir = dir): Promise<number> {
  const store = openStore({ state_dir, limits: { ...limits, free_bytes_min: 1 }, fatal: (reason) => fatal.push(reason) });
  const left = [...store.table<number, typeof Half>("left", Half).entries()];
  const right = [...store.table<number, typeof Half>("right", Half).entries()];
  await store.close();
  expect(left.map((entry) => entry.key)).toEqual(right.map((entry) => entry.key));
  expect(left.map((entry) => entry.value.n)).toEqual(Array.from(left, (_, i) => i));
  expect(left.length).toBeGreaterThanOrEqual(acknowledged + 1);
  return left.length;
}

describe("kill -9", () => {
  test("of a writer at ten random moments loses nothing acknowledged and halves nothing", async () => {
    let next = 0;
    for (let round = 0; round < times(10); round++) {
      const child = Bun.spawn([process.execPath, WRITER, dir, String(next)], { stdout: "pipe", stderr: "inherit" });
      const reader = child.stdout.getReader();
      let printed = "";
      const stop_after = 1 + ((round * 7919) % 40);
      while (printed.split("\n").length <= stop_after) {
        const chunk = await reader.read();
        if (chunk.done) break;
        printed += Buffer.from(chunk.value).toString();
      }
      child.kill("SIGKILL");
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) printed += Buffer.from(chunk.value).toString();
      await child.exited;
      const acknowledged = printed.split("\n").slice(0, -1).map(Number);
      expect(acknowledged.length).toBeGreaterThan(0);
      next = await auditPairs(acknowledged.at(-1)!);
    }
    expect(next).toBeGreaterThan(10);
  }, times(60_000));
});

test("canary: the audit notices a lost pair and half a pair", async () => {
  const store = openStore({ state_dir: dir, limits, fatal: (reason) => fatal.push(reason) });
  store.atomic(() => store.table<number, typeof Half>("left", Half).put(0, { n: 0, pad: "" }));
  await store.close();
  await expect(auditPairs(-1)).rejects.toThrow();
  rmSync(dir, { recursive: true });
  await expect(auditPairs(0)).rejects.toThrow();
});

const strace = Bun.which("strace");
const noStrace = skipWithout(strace !== null, "strace is not installed, so no I/O error was injected");

describe("an I/O error", () => {
  for (const [name, fault] of [["write", "pwrite64:error=EIO:when=12+"], ["sync", "fdatasync:error=EIO:when=6+"]] as const) {
    test.skipIf(noStrace)(`on ${name} ends the writer with the fatal exit instead of an acknowledgement`, async () => {
      const trace = [strace!, "-f", "-qq", "-o", "/dev/null", "-e", `inject=${fault}`];
      const run = Bun.spawnSync([...trace, process.execPath, WRITER, dir, "0", "50"], { stdout: "pipe", stderr: "pipe", timeout: 100_000 });
      const acknowledged = run.stdout.toString().split("\n").slice(0, -1).map(Number);
      // 134 is glibc's abort over LMDB's damaged heap, should it come before our own exit.
      expect([70, 134]).toContain(run.exitCode);
      expect(acknowledged.length).toBeLessThan(50);
      await auditPairs(acknowledged.at(-1) ?? -1);
    }, 120_000);
  }
});

function mountTiny(folder: string): boolean {
  return Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=2M,mode=0700", "tmpfs", folder]).exitCode === 0;
}

function unmount(folder: string): boolean {
  return Bun.spawnSync(["umount", "-l", folder]).exitCode === 0;
}

function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "maestro-mount-"));
  const may = mountTiny(folder) && unmount(folder);
  rmSync(folder, { recursive: true, force: true });
  return may;
}

/** Runs `work` on a file system of 2 MB. */
async function onTinyDisk(work: (state_dir: string) => Promise<void>): Promise<void> {
  const folder = join(dir, "tiny");
  mkdirSync(folder);
  expect(mountTiny(folder)).toBe(true);
  try {
    await work(folder);
  } finally {
    unmount(folder);
  }
}

const noMount = skipWithout(mayMount(), "this user may not mount a tmpfs, so the full disk was not tried");

describe.skipIf(noMount)("a full disk", () => {
  test("refuses with store.no_space, keeps what it acknowledged and goes on once there is space", () =>
    onTinyDisk(async (state_dir) => {
      const ballast = join(state_dir, "ballast");
      writeFileSync(ballast, new Uint8Array(1 << 19));
      const store = openStore({ state_dir, limits, fatal: (reason) => fatal.push(reason) });
      const artifacts = await openArtifacts({ state_dir, limits });
      const rows = store.table<number, typeof Half>("left", Half);
      let written = 0;
      const fill = () => {
        for (;;) {
          store.atomic(() => rows.put(written, { n: written, pad: "x".repeat(1500) }));
          written += 1;
        }
      };
      for (let again = 0; again < 20; again++) expect(fill).toThrow(expect.objectContaining({ code: "store.no_space" }));
      expect(written).toBeGreaterThan(50);
      expect([rows.count(), rows.get(written)]).toEqual([written, undefined]);
      await expect(artifacts.blobs.put(new Uint8Array(1 << 19))).rejects.toMatchObject({ code: "store.no_space" });
      rmSync(ballast);
      store.atomic(() => rows.put(written, { n: written, pad: "again" }));
      await store.durable();
      expect(rows.get(written)?.pad).toBe("again");
      expect(await artifacts.blobs.put(utf8("fits"))).toMatchObject({ size: 4 });
      expect(fatal).toEqual([]);
      await store.close();
    }));

  test("met by LMDB itself ends the writer, and nothing acknowledged is lost", () =>
    onTinyDisk(async (state_dir) => {
      const run = Bun.spawnSync([process.execPath, WRITER, state_dir, "0", "5000", "0"], { stdout: "pipe", stderr: "pipe" });
      // 134 is glibc's abort over LMDB's damaged heap, should it come before our own exit.
      expect([70, 134]).toContain(run.exitCode);
      const acknowledged = run.stdout.toString().split("\n").slice(0, -1).map(Number);
      expect(acknowledged.length).toBeGreaterThan(50);
      await auditPairs(acknowledged.at(-1)!, state_dir);
    }));
});
