/** Expiry killed before each of its steps: the next start finishes, and nothing is served by half. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { expiringWorld, killedAt, NOTHING_LEFT } from "../daemon/integrity/testing/killed.ts";
import type { World } from "../daemon/testing/core.ts";

const DEADLINE_MS = 120_000;
let world: World;
beforeAll(async () => {
  world = await expiringWorld();
}, DEADLINE_MS);
afterAll(() => world[Symbol.asyncDispose]());

test.each(["rows", "file", "layers", "names", "blobs", "a blob", "notes"])("before the step %s", async (step) => {
  expect(await killedAt(world, step)).toEqual(NOTHING_LEFT);
}, DEADLINE_MS);
