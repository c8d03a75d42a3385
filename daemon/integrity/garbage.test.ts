import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { World } from "../testing/core.ts";

const DAY_MS = 86_400_000;

test("attack: a clock that jumps ahead makes nothing old enough to be removed, neither before nor after log time was found frozen", async () => {
  await using world = await World.open();
  const { core, clock, state_dir } = world;
  const { digest } = await core.artifacts.blobs.put(new TextEncoder().encode("orphan"));
  const path = join(state_dir, "oci/blobs/sha256", digest.replace("sha256:", ""));
  utimesSync(path, clock.now_ms() / 1000, clock.now_ms() / 1000);
  clock.setWall(clock.now_ms() + 400 * DAY_MS);
  expect(await core.integrity.gc(true)).toMatchObject({ blobs: { count: 0 }, kept_young: 1 });
  expect(existsSync(path)).toBe(true);
  expect(core.evidence.frozen()).not.toBeNull();
  // What really is old still goes: time that passed, and not a clock that was set.
  await using other = await World.open();
  await other.core.artifacts.blobs.put(new TextEncoder().encode("orphan"));
  for (const name of readdirSync(join(other.state_dir, "oci/blobs/sha256"))) utimesSync(join(other.state_dir, "oci/blobs/sha256", name), other.clock.now_ms() / 1000, other.clock.now_ms() / 1000);
  other.clock.advance(400 * DAY_MS);
  expect(await other.core.integrity.gc(true)).toMatchObject({ kept_young: 0 });
});

test("a backup that a killed daemon left half made is gone at the next start; one that is whole stays for whoever copies it", async () => {
  await using world = await World.open();
  await world.stop();
  const at = (name: string) => join(world.state_dir, "snapshots", name);
  for (const name of ["backup-2026-01-01T000000Z-00000000.new", "backup-2026-01-01T000000Z-11111111"]) {
    mkdirSync(at(join(name, "db")), { recursive: true });
    writeFileSync(at(join(name, "db/data.mdb")), "x");
  }
  await world.start();
  expect(readdirSync(at("."))).toEqual(["backup-2026-01-01T000000Z-11111111"]);
});
