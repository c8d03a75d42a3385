/** Episodes past their time: gone from the database, from a snapshot's copy once it is served from, and not before a clock is believed. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync } from "node:fs";
import { join } from "node:path";
import type { RouterEntry } from "../../proto/routing.ts";
import { composeCore } from "../compose.ts";
import { resolveHost } from "../config/host.ts";
import { FakeClock } from "../testing/clock.ts";
import type { Decision } from "../learning/episodes/index.ts";
import { World } from "../testing/core.ts";
import { SeededRandom } from "../testing/random.ts";
import { restoreBackup } from "./restore.ts";
import { shared } from "./testing/repaired-here.ts";

setDefaultTimeout(60_000);
const DAY_MS = 86_400_000;
const ROUTER: RouterEntry = {
  id: "models", baseline: "a", value_usd_micro: 0, outcome_s: 86_400 * 20, reward: { name: "solved", version: 1, min: 0, max: 1 },
  context: [], arms: [{ id: "a", reversible: true, reward: 0 }],
};
const DECIDED: Decision = { router: ROUTER, space: "web", context: {}, eligible: [{ arm: "a", propensity: 1 }], drawn: "a", executed: "a", forced: null, policy: "0".repeat(64), seed: "0".repeat(32), counter: 0, epoch: 0, prices: {}, reserved: {}, reason: "" };

let world: World;
let backup: string;
const ids = async (core = world.core): Promise<string[]> => [...(await core.learned.episodes()).read({ router: null, split: "all", sees: null })].map(({ id }) => id);

beforeAll(async () => {
  world = await World.open({ routers: [ROUTER], retention: { episodes_days: 2, export_days: 0 } });
  (await world.core.learned.episodes()).record(DECIDED);
  const { folder } = await world.core.integrity.backup(true);
  backup = join(world.scratch.root, "copied-away");
  cpSync(folder, backup, { recursive: true });
});
afterAll(() => world[Symbol.asyncDispose]());

test("after episodes_days they go with the hourly sweep, and the younger stay", async () => {
  const [old] = await ids();
  world.clock.advance(DAY_MS);
  await world.core.integrity.keeping.sweep();
  const young = (await world.core.learned.episodes()).record(DECIDED).episode.id;
  expect(await ids()).toEqual([old!, young]);
  world.clock.advance(DAY_MS + 1_000);
  await world.core.integrity.keeping.sweep();
  expect([await ids(), world.warnings]).toEqual([[young], []]);
  // A backup made now carries off nothing that is past its time.
  world.clock.advance(DAY_MS);
  await world.core.integrity.backup(false);
  expect(await ids()).toEqual([]);
});

async function startedOn(name: string, days: number): Promise<{ episodes: string[]; warnings: unknown[] }> {
  const state_dir = join(world.scratch.root, name);
  await restoreBackup({ ...shared, source: backup, state_dir, cause: "restored" });
  const clock = new FakeClock();
  clock.advance(days * DAY_MS);
  const warnings: unknown[] = [];
  const core = await composeCore({ state_dir, host: resolveHost(world.config), clock, random: new SeededRandom("restored"), fatal: (reason) => warnings.push(reason), warn: (_, error) => warnings.push(error) });
  const episodes = await ids(core);
  await core.close();
  return { episodes, warnings };
}

test("a backup brings back what is young; what is past its time is gone before anything is served, and no hold of a gate is waited for", async () => {
  expect((await startedOn("young", 1)).episodes.length).toBe(1);
  expect((await startedOn("old", 3)).episodes).toEqual([]);
});
