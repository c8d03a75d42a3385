/** Every mutant of the daemon's own code, each in a process of its own: its rule sees it, and sound work is stopped by nothing. */
import { afterAll, expect, test } from "bun:test";
import { MUTANTS } from "../daemon/guarding/testing/mutants.ts";
import { playMutant, playSound, SOUND_SCENES } from "../daemon/guarding/testing/play.ts";

const DEADLINE_MS = 300_000;

const besides: string[] = [];
afterAll(() => void process.stdout.write(`mutants: ${MUTANTS.length}, of which without their rule ${MUTANTS.length - besides.length} go on unnoticed; the others\n${besides.join("")}`));

test.each(MUTANTS.map((mutant) => [mutant.id, mutant] as const))("%s sees the fault", async (id, mutant) => {
  const { stopped_by, without } = await playMutant(mutant);
  if (without !== null) besides.push(`  ${id}: ${without}\n`);
  expect(stopped_by).toBe(id);
}, DEADLINE_MS);

test.each(SOUND_SCENES.map((scene) => [scene] as const))("the scene %s without a fault is stopped by nothing", async (scene) => {
  expect(await playSound(scene)).toEqual({ stopped_by: null, without: null });
}, DEADLINE_MS);
