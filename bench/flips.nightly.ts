/** 10,000 flipped bits over all files of a real state folder: each is detected, or changes nothing that was acknowledged. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { flip, summary, worked } from "../daemon/integrity/testing/flips.ts";
import { World } from "../daemon/testing/core.ts";

const FLIPS = 10_000;
const GATES = 12;
const DEADLINE_MS = 3_600_000;

test(`${FLIPS} bits over all files of a state folder: each is detected or harmless`, async () => {
  const world = await World.open();
  try {
    const { state_dir } = await worked(world, GATES);
    const flips = await flip(state_dir, join(world.scratch.root, "flips"), 0, FLIPS);
    process.stdout.write(`${summary(flips)}\n`);
    expect(flips.filter(({ found }) => found === "WRONG")).toEqual([]);
    expect(flips).toHaveLength(FLIPS);
  } finally {
    await world[Symbol.asyncDispose]();
  }
}, DEADLINE_MS);
