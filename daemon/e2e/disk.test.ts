/** Disks that are full, read-only or broken under the real daemon: no verdict without a record, reads go on, and it heals where it can. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { breakableDisk, mayMountBreakable, mayMountTiny, tinyDisk } from "../testing/faults/mounts.ts";
import { skipWithout } from "../testing/skip.ts";
import { until, World, type Ran } from "./testing/world.ts";
import { ENTRIES } from "../testing/entries.ts";

setDefaultTimeout(120_000);
const MIB = 1024 * 1024;
const DISK_BYTES = 24 * MIB;
/** The documented promise of `commit_deadline_ms`. */
const EXIT_DEADLINE_MS = 5_000;

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.dispose());

const problemOf = ({ stdout, code }: Ran): { code: number; problem: string } => ({ code, problem: (JSON.parse(stdout) as { code: string }).code });

async function gateTwice(): Promise<{ readonly first: Ran; readonly bundle: string; readonly repository: Awaited<ReturnType<World["changed"]>> }> {
  const repository = await world.changed({}, { "src/b.ts": "export const b = 1;\n" });
  const bundle = world.path("first.json");
  const first = await world.gate(repository, ["--target", "main", "--out", bundle, "--json"]);
  expect(first.code).toBe(0);
  await repository.commit({ "src/c.ts": "export const c = 1;\n" }, "another change");
  // The verdict's episode is written after the reply: a disk that breaks under that write is another test's.
  await until(async () => {
    const response = await fetch("http://maestro/v1/episodes/gate/all/0", { unix: world.socket_path });
    return ((await response.json()) as { episodes: unknown[] }).episodes.length > 0;
  });
  return { first, bundle, repository };
}

/** Everything that only reads, while nothing can be written. */
async function readsGoOn(first: Ran, bundle: string): Promise<void> {
  const { card } = JSON.parse(first.stdout) as { card: { head: string } };
  const shown = await world.run(["card", card.head, "--json"]);
  expect([shown.code, (JSON.parse(shown.stdout) as { card: { head: string } }).card.head]).toEqual([0, card.head]);
  expect((await world.run(["verify", bundle, "--trust", join(world.state_dir, "trust.json")])).code).toBe(0);
  const status = await world.run(["status", "--json"]);
  expect(status.code).toBe(0);
  expect(JSON.parse(status.stdout)).toMatchObject({ daemon: { state: "degraded", degraded: [expect.any(String)] }, log: { size: ENTRIES.decided } });
  expect(await world.client.answers()).toBe(true);
}

const curl = async (path: string): Promise<{ status: number; code: string }> => {
  const response = await fetch(`http://maestro${path}`, { unix: world.socket_path });
  return { status: response.status, code: ((await response.json()) as { code?: string }).code ?? "" };
};

describe.skipIf(skipWithout(mayMountTiny(), "this user may not mount a tmpfs, so no state folder was filled"))("a full disk", () => {
  test("refuses gates with 507, answers everything else, and gates again without a restart once there is space", async () => {
    using _disk = tinyDisk(world.state_dir, DISK_BYTES);
    const daemon = await world.daemon();
    const { first, bundle, repository } = await gateTwice();
    const ballast = join(world.state_dir, "ballast");
    writeFileSync(ballast, new Uint8Array(14 * MIB));
    expect(problemOf(await world.gate(repository, ["--target", "main", "--json"]))).toEqual({ code: 69, problem: "store.no_space" });
    await readsGoOn(first, bundle);
    expect(await curl("/readyz")).toEqual({ status: 507, code: "store.no_space" });
    expect(await curl("/healthz")).toEqual({ status: 200, code: "" });
    rmSync(ballast);
    expect((await world.gate(repository, ["--target", "main"])).code).toBe(0);
    expect(await curl("/readyz")).toEqual({ status: 200, code: "" });
    expect([(await world.status()).log.size, daemon.exitCode]).toEqual([2 * ENTRIES.decided, null]);
  });

  test("a pack that fills it is answered with 507, leaves nothing behind, and the next change is judged", async () => {
    using _disk = tinyDisk(world.state_dir, DISK_BYTES);
    await world.daemon();
    const { repository } = await gateTwice();
    const big = await world.changed({}, { "src/b.ts": "export const b = 2;\n" });
    // Noise does not get smaller, so git need not try.
    big.git("config", "core.compression", "0");
    await big.commit({ "data.bin": new Uint8Array(randomBytes(26 * MIB)) }, "a lot of noise");
    expect(problemOf(await world.gate(big, ["--target", "main", "--json"]))).toEqual({ code: 69, problem: "store.no_space" });
    expect((await world.gate(repository, ["--target", "main"])).code).toBe(0);
    expect((await world.status()).log.size).toBe(2 * ENTRIES.decided);
  });
});

describe.skipIf(skipWithout(mayMountBreakable(), "this user may not mount an ext4 image, so no file system was broken"))("a file system that went read-only", () => {
  test("refuses gates with 503 and issues no decision; reads go on; a start on it says what is wrong", async () => {
    using disk = breakableDisk(world.state_dir, DISK_BYTES);
    const daemon = await world.daemon();
    const { first, bundle, repository } = await gateTwice();
    disk?.break();
    const refused = await world.gate(repository, ["--target", "main", "--json"]);
    expect(problemOf(refused)).toEqual({ code: 69, problem: "store.read_only" });
    expect(refused.stdout).not.toContain('"verdict"');
    await readsGoOn(first, bundle);
    expect(await curl("/readyz")).toEqual({ status: 503, code: "store.read_only" });
    expect((await world.status()).log.size).toBe(ENTRIES.decided);
    daemon.kill("SIGKILL");
    await daemon.exited;
    const again = world.spawnDaemon(["--embedded"]);
    expect(await again.exited).toBe(69);
    expect(await new Response(again.stderr).text()).toContain("store.read_only");
  });
});

const strace = Bun.which("strace");

/** Lets every such call on the database fail from now on; resolves when strace holds all threads. */
async function injectInto(pid: number, fault: string): Promise<Bun.Subprocess> {
  const output = world.path("strace");
  const injector = Bun.spawn(["strace", "-f", "-p", String(pid), "-o", output, "-P", join(world.state_dir, "db/data.mdb"), "-e", `trace=${fault.split(":")[0]}`, "-e", `inject=${fault}`], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const reader = injector.stderr.getReader();
  expect(Buffer.from((await reader.read()).value ?? []).toString()).toContain("attached");
  return injector;
}

describe.skipIf(skipWithout(strace !== null, "strace is not installed, so no I/O error was injected"))("an I/O error under the database", () => {
  for (const call of ["pwrite64", "fdatasync"]) {
    test(`on ${call}: no verdict, the process ends within ${EXIT_DEADLINE_MS} ms, and the next start serves what was acknowledged`, async () => {
      const daemon = await world.daemon();
      const { first, repository } = await gateTwice();
      const injector = await injectInto(daemon.pid, `${call}:error=EIO`);
      const failing = world.start(["gate", repository.path, "--target", "main", "--json"]);
      await until(() => readFileSync(world.path("strace"), "utf8").includes("(INJECTED)"));
      const injected_ms = performance.now();
      const code = await daemon.exited;
      // A signal, such as that of abort(3), says nothing without what the process printed last.
      expect({ code, ...(code === 70 ? {} : { said: await new Response(daemon.stderr).text(), logged: await new Response(daemon.stdout).text() }) }).toEqual({ code: 70 });
      expect(performance.now() - injected_ms).toBeLessThan(EXIT_DEADLINE_MS);
      await injector.exited;
      const { code: told, stdout } = await failing.done;
      expect([told === 69 || told === 70, stdout.includes('"verdict"')]).toEqual([true, false]);
      await world.daemon();
      expect((await world.status()).log.size).toBe(ENTRIES.decided);
      const { card } = JSON.parse(first.stdout) as { card: { head: string } };
      expect((await world.run(["card", card.head])).code).toBe(0);
      expect((await world.gate(repository, ["--target", "main"])).code).toBe(0);
    });
  }
});
