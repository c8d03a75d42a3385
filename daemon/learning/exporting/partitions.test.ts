/** Files of hours: when they are written, when again, when they go, and what a crash leaves. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hourName } from "./hours.ts";
import { partitionPath, PARTITIONS_FOLDER } from "./partitions.ts";
import { episodeAt, HOUR_MS, ROUTER } from "./testing/episodes.ts";
import { episodeOf, metadataOf, rowsOf } from "./testing/read.ts";
import { openWorld, type World } from "./testing/world.ts";

setDefaultTimeout(60_000);
const AN_HOUR_MS = 3_600_000;
const NEXT_HOUR_MS = HOUR_MS + AN_HOUR_MS;

let dir: string;
const open: World[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-partitions-"));
});
afterEach(async () => {
  for (const world of open.splice(0)) await world.close();
  rmSync(dir, { recursive: true, force: true });
});

function opened(now_ms: number, options?: Parameters<typeof openWorld>[2]): World {
  const world = openWorld(dir, now_ms, options);
  open.push(world);
  return world;
}

const fileOf = (start_ms: number, router = ROUTER): string => join(dir, PARTITIONS_FOLDER, partitionPath(router, start_ms));
const idsIn = async (path: string) => (await rowsOf(path)).map(({ id }) => id);

describe("an hour", () => {
  test("is written once it is over, by the first that comes after it, and holds what was logged", async () => {
    const world = opened(HOUR_MS + 1_000);
    const logged = [0, 1, 2, 3].map((n) => episodeAt(n));
    world.log(...logged);
    await world.partitions.write();
    expect(existsSync(fileOf(HOUR_MS))).toBe(false);
    world.now_ms = NEXT_HOUR_MS;
    world.log(episodeAt(9, NEXT_HOUR_MS));
    // After the one that this began.
    await world.partitions.write();
    expect((await rowsOf(fileOf(HOUR_MS))).map((cells) => episodeOf(ROUTER, cells))).toEqual(logged);
    expect([existsSync(fileOf(NEXT_HOUR_MS)), statSync(fileOf(HOUR_MS)).mode & 0o777, world.warnings]).toEqual([false, 0o600, []]);
    const { key_value_metadata, created_by } = await metadataOf(fileOf(HOUR_MS));
    expect([key_value_metadata?.find(({ key }) => key === "maestro.hour")?.value, created_by?.startsWith("maestro ")]).toEqual([hourName(HOUR_MS), true]);
  });

  test("is written again where an outcome came late, and no other hour is; without a change nothing is written", async () => {
    const world = opened(NEXT_HOUR_MS + AN_HOUR_MS);
    const late = { ...episodeAt(1), outcome: null };
    world.log(late, episodeAt(9, NEXT_HOUR_MS));
    await world.partitions.write();
    const [before, other] = [readFileSync(fileOf(HOUR_MS)), statSync(fileOf(NEXT_HOUR_MS), { bigint: true })];
    await world.partitions.write();
    expect(readFileSync(fileOf(HOUR_MS)).equals(before)).toBe(true);
    // Logged once more as it was: the same rows give the same bytes.
    world.log(late);
    await world.partitions.write();
    expect(readFileSync(fileOf(HOUR_MS)).equals(before)).toBe(true);
    world.log({ ...late, outcome: { reward: 0.5, definition: "merged", version: 2, constraints: {}, usage: {}, delay_ms: 9, censored: false } });
    await world.partitions.write();
    expect((await rowsOf(fileOf(HOUR_MS))).map(({ reward, learnable }) => [reward, learnable])).toEqual([[0.5, true]]);
    const after = statSync(fileOf(NEXT_HOUR_MS), { bigint: true });
    expect([after.ino, after.mtimeNs]).toEqual([other.ino, other.mtimeNs]);
  });

  test("an outcome that comes while its hour is being written is not forgotten", async () => {
    const late = { ...episodeAt(1), outcome: null };
    let meanwhile = (): void => world.log({ ...late, outcome: episodeAt(1).outcome });
    const world: World = opened(NEXT_HOUR_MS, {
      step(name) {
        if (name === "written") meanwhile();
        meanwhile = () => undefined;
      },
    });
    world.log(late);
    await world.partitions.write();
    expect((await rowsOf(fileOf(HOUR_MS))).map((cells) => episodeOf(ROUTER, cells))).toEqual([episodeAt(1)]);
  });
});

describe("retention", () => {
  test("takes whole hours, of the hour it cuts through what is gone from the database, and an hour without rows as a whole", async () => {
    const world = opened(NEXT_HOUR_MS + AN_HOUR_MS);
    const [old, cut, kept] = [episodeAt(1), episodeAt(2, NEXT_HOUR_MS), episodeAt(3, NEXT_HOUR_MS + 60_000)];
    world.log(old, cut, kept);
    await world.partitions.write();
    world.episodes.splice(0, 2);
    await world.partitions.expire(NEXT_HOUR_MS + 1);
    await world.partitions.write();
    expect([existsSync(fileOf(HOUR_MS)), await idsIn(fileOf(NEXT_HOUR_MS))]).toEqual([false, [kept.id]]);
    world.episodes.splice(0);
    await world.partitions.expire(NEXT_HOUR_MS + 60_001);
    await world.partitions.write();
    expect(readdirSync(join(dir, PARTITIONS_FOLDER))).toEqual([]);
  });
});

test("attack: no check process is free, and a thousand hours wait to be written: what is past its time goes without them, and a file that was read before it did does not come back", async () => {
  const world: World = opened(NEXT_HOUR_MS + AN_HOUR_MS);
  world.log(episodeAt(1));
  await world.partitions.write();
  world.busy = true;
  world.log(episodeAt(2), episodeAt(3, NEXT_HOUR_MS));
  const stuck = world.partitions.write();
  await world.partitions.expire(NEXT_HOUR_MS);
  expect([existsSync(fileOf(HOUR_MS)), existsSync(fileOf(NEXT_HOUR_MS))]).toEqual([false, false]);
  await world.partitions.close();
  await stuck;
  await world.close();
  open.splice(0);
  // Made of rows that went while it was made.
  const other: World = opened(NEXT_HOUR_MS + AN_HOUR_MS, {
    step(name) {
      if (name === "written") void other.partitions.expire(NEXT_HOUR_MS);
    },
  });
  other.log(episodeAt(4));
  await other.partitions.write();
  expect([existsSync(fileOf(HOUR_MS)), other.warnings]).toEqual([false, []]);
});

describe("a crash", () => {
  const before = async (): Promise<void> => {
    const first = openWorld(dir, NEXT_HOUR_MS);
    first.log(...[0, 1, 2].map((n) => episodeAt(n)));
    await first.partitions.write();
    await first.close();
  };
  const catchesUp = async (): Promise<void> => {
    const world = opened(NEXT_HOUR_MS);
    world.episodes.push(...[0, 1, 2, 3].map((n) => episodeAt(n)));
    await world.partitions.write();
    expect((await rowsOf(fileOf(HOUR_MS))).map((cells) => episodeOf(ROUTER, cells))).toEqual(world.episodes);
  };

  test("kill -9 while a new file is made leaves the old one whole, and the next start catches up", async () => {
    await before();
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "testing/crashing.ts"), dir, "written", "4"], { stdout: "ignore", stderr: "inherit" });
    await child.exited;
    expect([child.signalCode, (await rowsOf(fileOf(HOUR_MS))).length]).toEqual(["SIGKILL", 3]);
    await catchesUp();
  });

  test("once the new file is in place but still on the list, it is written once more to the same bytes", async () => {
    await before();
    const world = openWorld(dir, NEXT_HOUR_MS, {
      step(name) {
        if (name === "placed") throw new Error("the power went");
      },
    });
    world.log(...[0, 1, 2, 3].map((n) => episodeAt(n)));
    await world.partitions.write();
    expect([world.warnings.length > 0, (await rowsOf(fileOf(HOUR_MS))).length]).toEqual([true, 4]);
    const bytes = readFileSync(fileOf(HOUR_MS));
    await world.close();
    await catchesUp();
    expect(readFileSync(fileOf(HOUR_MS)).equals(bytes)).toBe(true);
  });

  test("what cannot be written is said, the old file and every other hour's are there, and it is tried again", async () => {
    const world = opened(NEXT_HOUR_MS + AN_HOUR_MS);
    world.log(episodeAt(1));
    await world.partitions.write();
    world.damaged_ms = HOUR_MS;
    // Enough of them that half of the file is begun.
    const more = Array.from({ length: 300 }, (_, n) => episodeAt(n + 2));
    world.log(...more, episodeAt(1_000, NEXT_HOUR_MS));
    await world.partitions.write();
    expect([world.warnings.length, await idsIn(fileOf(HOUR_MS)), await idsIn(fileOf(NEXT_HOUR_MS))]).toEqual([1, [episodeAt(1).id], [episodeAt(1_000, NEXT_HOUR_MS).id]]);
    world.damaged_ms = null;
    await world.partitions.write();
    expect([world.warnings.length, (await idsIn(fileOf(HOUR_MS))).length]).toEqual([1, 1 + more.length]);
  });

  test("a folder that is gone, as after a restore, is made again from the database", async () => {
    const world = opened(NEXT_HOUR_MS);
    world.log(episodeAt(1), { ...episodeAt(2), router: "other" });
    await world.partitions.write();
    rmSync(join(dir, PARTITIONS_FOLDER), { recursive: true });
    await world.partitions.write();
    expect([await idsIn(fileOf(HOUR_MS)), await idsIn(fileOf(HOUR_MS, "other"))]).toEqual([[episodeAt(1).id], [episodeAt(2).id]]);
  });
});
