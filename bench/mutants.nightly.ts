/** Every mutant of the daemon's own code, each in a process of its own: its rule sees it, and sound work is stopped by nothing. */
import { expect, test } from "bun:test";
import { MUTANTS } from "../daemon/guarding/testing/mutants.ts";
import { playMutant, playSound, SOUND_SCENES } from "../daemon/guarding/testing/play.ts";

const DEADLINE_MS = 300_000;

test.each(MUTANTS.map((mutant) => [mutant.id, mutant] as const))("%s sees the fault, and nobody says its name without it", async (id, mutant) => {
  const { stopped_by, without } = await playMutant(mutant);
  expect([stopped_by, without === id]).toEqual([id, false]);
}, DEADLINE_MS);

test.each(SOUND_SCENES.map((scene) => [scene] as const))("the scene %s without a fault is stopped by nothing", async (scene) => {
  expect(await playSound(scene)).toEqual({ stopped_by: null, without: null });
}, DEADLINE_MS);
