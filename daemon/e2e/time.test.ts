/** The real daemon under a clock that jumps: libfaketime turns the wall clock while CLOCK_BOOTTIME goes on. */
import { afterAll, expect, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ClockReply, ClockResetReply } from "../../proto/api.ts";
import { skipWithout } from "../testing/skip.ts";
import { oneDocument, until, World } from "./testing/world.ts";
import { ENTRIES } from "../testing/entries.ts";

const LIBRARIES = "/usr/lib";
const faketime = existsSync(LIBRARIES) ? readdirSync(LIBRARIES).map((name) => join(LIBRARIES, name, "faketime/libfaketime.so.1")).find((path) => existsSync(path)) : undefined;
const skip = skipWithout(faketime !== undefined, "the jumping clock needs libfaketime (Debian: faketime)");

const world = new World();
afterAll(() => world.dispose());

const HOUR_MS = 3_600_000;
const offset_path = world.path("offset");
const step = (offset: string): void => writeFileSync(offset_path, offset);
// Without DONT_FAKE_MONOTONIC the library would move the clocks that nobody can set.
const fake = { LD_PRELOAD: faketime ?? "", FAKETIME_TIMESTAMP_FILE: offset_path, FAKETIME_NO_CACHE: "1", DONT_FAKE_MONOTONIC: "1" };

async function command(...args: string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return world.run([...args, "--state", world.state_dir], { env: { MAESTRO_SOCKET: world.socket_path } });
}

/** `issued_at` of a fresh attempt, as signed. */
async function issued(repository: Awaited<ReturnType<World["repository"]>>): Promise<number> {
  const { bundle } = await world.judged(repository, ["--rerun"]);
  const { attestations } = (await Bun.file(bundle).json()) as { attestations: { dsseEnvelope: { payload: string } }[] };
  const { predicate } = JSON.parse(Buffer.from(attestations[0]!.dsseEnvelope.payload, "base64").toString()) as { predicate: { attempt: { issued_at: string } } };
  return Date.parse(predicate.attempt.issued_at);
}

async function restarted(daemon: Bun.Subprocess): Promise<Bun.Subprocess> {
  daemon.kill("SIGTERM");
  await daemon.exited;
  return world.daemon(["--embedded"], fake);
}

test.skipIf(skip)("a wall clock that jumps two hours ahead freezes log time, a restart does not thaw it, a signed reset does", async () => {
  step("+0");
  const repository = await world.changed({}, { "src/a.ts": "export const a = 2;\n" });
  let daemon = await world.daemon(["--embedded"], fake);
  const first_ms = await issued(repository);
  expect(Math.abs(first_ms - Date.now())).toBeLessThan(60_000);
  expect((await world.status()).daemon.state).toBe("ready");

  step("+2h");
  const second_ms = await issued(repository);
  expect([second_ms >= first_ms, second_ms < first_ms + HOUR_MS]).toEqual([true, true]);
  const shown = await command("status");
  expect(shown.stdout).toMatch(/degraded/);
  expect(shown.stdout).toMatch(/jumped ahead by 7(?:199|200|201) s/);

  daemon = await restarted(daemon);
  expect(await issued(repository)).toBe(second_ms);

  // Log time stays frozen when the clock is put right, and a reset under a clock that is still wrong is refused.
  const wrong = await command("clock", "reset", "--now", new Date().toISOString(), "--reason", "was wrong");
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("set the clock first")]);
  step("+0");
  expect(await issued(repository)).toBe(second_ms);
  const reset = oneDocument(await command("clock", "reset", "--now", new Date().toISOString(), "--reason", "NTP server was wrong", "--json")) as ClockResetReply;
  expect(reset.log_index).toBe(4 * ENTRIES.decided);
  const clock = oneDocument(await command("clock", "--json")) as ClockReply;
  expect([clock.frozen, Math.abs(Date.parse(clock.log_time) - Date.now()) < 60_000]).toEqual([null, true]);
  expect(await issued(repository)).toBeGreaterThanOrEqual(Date.parse(reset.log_time));

  // Set back: nothing is dated before the newest entry.
  const newest_ms = await issued(repository);
  step("-30h");
  expect(await issued(repository)).toBe(newest_ms);
  daemon.kill("SIGTERM");
  expect(await daemon.exited).toBe(0);
}, 120_000);

test.skipIf(skip)("deadlines do not see the wall clock: an open intake survives a jump of a year", async () => {
  step("+0");
  const daemon = await world.daemon(["--embedded"], fake);
  const { intake_id } = await world.client.openIntake({ repository: "r", object_format: "sha1", cuts: [], tips: ["a".repeat(40)] });
  step("+365d");
  await until(async () => Date.parse((await world.client.clock()).wall) > Date.now() + 300 * 24 * HOUR_MS);
  // Still known: what is refused is the head that was never sent.
  const events = world.client.gate({ intake_id, target_ref: "main", target: "a".repeat(40), head: "a".repeat(40) });
  await expect(events.next()).rejects.toThrow(/no pack was sent/);
  step("+0");
  daemon.kill("SIGTERM");
  expect(await daemon.exited).toBe(0);
}, 120_000);
