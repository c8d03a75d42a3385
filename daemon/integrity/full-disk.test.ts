/** The disk is full when records are due: nothing goes by half, it is said, and it is tried again. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import { World } from "../testing/core.ts";
import { mayMountTiny, tinyDisk } from "../testing/faults/mounts.ts";
import { skipWithout } from "../testing/skip.ts";
import { fsckReport } from "./fsck.ts";
import { expiringWorld } from "./testing/killed.ts";
import { readTombstones, TOMBSTONE_FILE } from "./tombstone-file.ts";

setDefaultTimeout(60_000);
const MIB = 1024 * 1024;
const DISK_BYTES = 48 * MIB;
const DAY_MS = 86_400_000;

let world: World;
/** One gate of 29 days ago. */
let origin: string;
let origin_ms: number;
beforeAll(async () => {
  world = await expiringWorld();
  // Past its time from a day later on.
  Object.assign(world.config, { retention: { evidence_days: 30 } });
  origin = `${world.state_dir}.origin`;
  renameSync(world.state_dir, origin);
  origin_ms = world.clock.now_ms();
});
afterAll(() => world[Symbol.asyncDispose]());

/** The daemon on a copy of it, and two days go by. */
async function begun(): Promise<void> {
  world.clock.reboot();
  world.clock.setWall(origin_ms);
  cpSync(origin, world.state_dir, { recursive: true });
  await world.start();
  world.clock.advance(2 * DAY_MS);
}

const codes = (): unknown[] => world.warnings.splice(0).map((error) => (error instanceof MaestroError ? error.code : error));
const blobs = (): number => readdirSync(join(world.state_dir, "oci/blobs/sha256")).length;
const damage = async (): Promise<number> => (await fsckReport(world.core.integrity.steps(), () => 0)).damage_total;
const seen = async () => ({ gates: world.core.gates.count(), tombstones: world.core.tombstones.count(), damage: await damage(), overdue: world.core.integrity.keeping.counts().overdue, said: codes() });
const inFile = async (): Promise<number> => (await readTombstones(join(world.state_dir, TOMBSTONE_FILE))).length;

/** So much is free on the disk of the state folder afterwards. */
function fill(free_bytes: number): string {
  const { bavail, bsize } = statfsSync(world.state_dir);
  const ballast = join(world.state_dir, "incoming", "ballast");
  writeFileSync(ballast, new Uint8Array(bavail * bsize - free_bytes));
  return ballast;
}

describe.skipIf(skipWithout(mayMountTiny(), "this user may not mount a tmpfs, so no disk was filled"))("a disk without room", () => {
  /** The state lies on a disk of its own, which is small. */
  async function onTinyDisk(): Promise<Disposable | null> {
    const disk = tinyDisk(world.state_dir, DISK_BYTES);
    await begun();
    return disk;
  }

  test("attack: it fills up until not even a removal can be written down: everything that is due stays whole, is said, leaves in no backup, and goes with the first sweep that has room", async () => {
    using _disk = await onTinyDisk();
    const ballast = fill(2 * MIB);
    await world.core.integrity.keeping.sweep();
    expect(await seen()).toEqual({ gates: 1, tombstones: 0, damage: 0, overdue: 1, said: ["store.no_space"] });
    const refused = await world.core.integrity.backup(false).catch((error: unknown) => (error instanceof MaestroError ? error.code : error));
    expect(refused).toBe("store.no_space");
    rmSync(ballast);
    await world.core.integrity.keeping.sweep();
    expect(await seen()).toEqual({ gates: 0, tombstones: 1, damage: 0, overdue: 0, said: [] });
    expect(blobs()).toBe(1);
    await world.stop();
  });

  test("attack: gates are refused for want of room, and what is due would stay for the same reason: it goes, since that is what makes room", async () => {
    using _disk = await onTinyDisk();
    const ballast = fill(9 * MIB);
    expect(() => world.core.store.requireWritable()).toThrow("at least");
    await world.core.integrity.keeping.sweep();
    expect(await seen()).toEqual({ gates: 0, tombstones: 1, damage: 0, overdue: 0, said: [] });
    rmSync(ballast);
    await world.stop();
  });
});

test("attack: the rows have gone and the file of tombstones takes no line: the bytes go all the same, it is said, and the next sweep writes the line", async () => {
  await begun();
  const file = join(world.state_dir, TOMBSTONE_FILE);
  rmSync(file, { force: true });
  mkdirSync(file);
  await world.core.integrity.keeping.sweep();
  expect([await seen(), blobs()]).toEqual([{ gates: 0, tombstones: 1, damage: 0, overdue: 1, said: ["store.commit"] }, 1]);
  rmSync(file, { recursive: true });
  await world.core.integrity.keeping.sweep();
  expect([await seen(), await inFile()]).toEqual([{ gates: 0, tombstones: 1, damage: 0, overdue: 0, said: [] }, 1]);
});
