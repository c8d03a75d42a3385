/** A few hundred gates of real repositories by a daemon without a fault: fewer than one guarded event in a thousand may trip, and none should. */
import { expect, test } from "bun:test";
import { Guards } from "../daemon/guarding/guards.ts";
import { shippedDocuments } from "../daemon/guarding/shipped.ts";
import { recording, replayed } from "../daemon/guarding/testing/recorded.ts";
import { worked } from "../daemon/integrity/testing/flips.ts";
import { World } from "../daemon/testing/core.ts";

const WORLDS = 4;
const GATES = 75;
const TRIPS_RATIO_MAX = 0.001;
const DEADLINE_MS = 3_600_000;

test(`${WORLDS * GATES} gates: how many guarded events trip`, async () => {
  let [events_total, trips] = [0, 0];
  for (let i = 0; i < WORLDS; i++) {
    const world = await World.open();
    try {
      const { guards } = world.core.guarding;
      const events = recording(guards);
      await worked(world, GATES);
      const { tripped } = replayed(events, new Guards(shippedDocuments()));
      events_total += events.length;
      trips += tripped.length + [...guards.counts.violations.values()].reduce((sum, count) => sum + count, 0);
    } finally {
      await world[Symbol.asyncDispose]();
    }
  }
  process.stdout.write(`guards: ${events_total} events of ${WORLDS * GATES} gates, ${trips} trips\n`);
  expect(events_total).toBeGreaterThan(WORLDS * GATES * 20);
  expect(trips / events_total).toBeLessThan(TRIPS_RATIO_MAX);
}, DEADLINE_MS);
