/** One flipped bit anywhere in a real state folder is detected, or changes nothing that was acknowledged. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { times } from "../testing/scale.ts";
import { World } from "../testing/core.ts";
import { flip, summary, worked } from "./testing/flips.ts";

/** 10,000 of a larger folder: `npm run nightly -- flips`. */
const FLIPS = 120;
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
  // The harness reaches what is kept: most flips must have been noticed, and in each kind of place.
  expect(flips.filter(({ found }) => found === "detected").length).toBeGreaterThan(times(FLIPS) / 2);
  for (const place of ["db/data.mdb", "oci/blobs/", "keys/", "log/", "repositories/"]) expect([place, flips.some(({ file, found }) => file.startsWith(place) && found === "detected")]).toEqual([place, true]);
}, times(240_000));
