/** What a daemon without a fault does trips nothing: its own events, recorded while it gates real repositories, asked again. */
import { expect, test } from "bun:test";
import { worked } from "../integrity/testing/flips.ts";
import { World } from "../testing/core.ts";
import { tenant } from "../testing/tenants.ts";
import { Guards } from "./guards.ts";
import { shippedDocuments } from "./shipped.ts";
import { recording, replayed } from "./testing/recorded.ts";

/** bench/guard.nightly.ts does it for hundreds. */
const GATES = 6;

test(`${GATES} gates: no rule trips, on the way or asked again; one field changed in the recording, and one does`, async () => {
  const world = await World.open();
  await using _ = world;
  const { guards } = world.core.guarding;
  const events = recording(guards);
  const payer = tenant("web", 1001, { accounts: [{ key: "tenant:web", budget: {}, window_s: null }] });
  await world.core.tenants.pay(payer, { wall_us: 1e6, cpu_us: 1e6, model_tokens: 0 }, async (spent) => spent({ cpu_us: 7 }));
  await worked(world, GATES);
  expect([guards.counts.violations.size, world.warnings]).toEqual([0, []]);
  const fresh = new Guards(shippedDocuments());
  const { tripped, rules } = replayed(events, fresh);
  expect(tripped).toEqual([]);
  // Not for want of events: each kind of rule was asked.
  expect(events.length).toBeGreaterThan(GATES * 20);
  for (const id of ["INV.LOG.APPEND_ONLY", "INV.GATE.LOGGED", "INV.LEDGER.NOT_NEGATIVE", "INV.GATE.ATTEMPTS_GROW"]) expect([id, rules.has(id)]).toEqual([id, true]);
  const grown = events.find(({ event }) => event === "log_head_changed")!;
  const forged = { ...grown, fields: { ...grown.fields, size: 0 } };
  expect(replayed([...events, forged], fresh).tripped).toEqual([expect.stringMatching(/INV\.LOG\.APPEND_ONLY/)]);
}, 120_000);
