/** One flipped bit anywhere in a real state folder is detected, or changes nothing that was acknowledged. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { times } from "../testing/scale.ts";
import { World } from "../testing/core.ts";
import { flip, summary, worked } from "./testing/flips.ts";

/** 10,000 of a larger folder: `npm run nightly -- flips`. */
const FLIPS = 240;
const GATES = 3;
let world: World;
let state_dir: string;
beforeAll(async () => {
  world = await World.open();
  ({ state_dir } = await worked(world, GATES));
}, 120_000);
afterAll(() => world[Symbol.asyncDispose]());

test(`${FLIPS} bits over all files of a state folder: each is detected or harmless`, async () => {
  const flips = await flip(state_dir, join(world.scratch.root, "flips"), 0, times(FLIPS));
  process.stderr.write(`${summary(flips)}\n`);
  expect(flips.filter(({ found }) => found === "WRONG")).toEqual([]);
  expect(flips).toHaveLength(times(FLIPS));
  // The harness reaches what is kept: most flips are noticed but in the database, which is three quarters of the bytes and of whose pages most are empty
  // (one in six is noticed there, 54 to 67 % of all), and some in each kind of place.
  const noticed = flips.filter(({ found }) => found === "detected");
  const outside = (of: typeof flips): number => of.filter(({ file }) => file !== "db/data.mdb").length;
  expect([outside(noticed) > outside(flips) / 2, noticed.length > times(FLIPS) / 3]).toEqual([true, true]);
  for (const place of ["db/data.mdb", "oci/blobs/", "keys/", "log/", "repositories/"]) expect([place, noticed.some(({ file }) => file.startsWith(place))]).toEqual([place, true]);
}, times(240_000));
