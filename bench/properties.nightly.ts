/** Every shipped target with cases of a new seed each night, and more of them. */
import { afterAll, expect, test } from "bun:test";
import { planIn, Rig, ROOT, shipped } from "../daemon/analysis/properties/testing/rig.ts";
import { skipWithout } from "../daemon/testing/skip.ts";

const SEED = Number(process.env["MAESTRO_SEED"] ?? Math.floor(Date.now() / 1000));
const TIMES = 10;
const folder = shipped();
const all = [...folder.targets].flatMap(([name, { invariants }]) => invariants.map((invariant) => ({ name, invariant })));

const rig = new Rig();
const { usable } = await rig.sandbox.tier("bwrap");
const skipped = skipWithout(usable, "bubblewrap does not work here, so no property test was run in it");
afterAll(() => rig.close());

test.skipIf(skipped).each(all)(`$name keeps $invariant, seed ${SEED}`, async ({ name, invariant }) => {
  const plan = planIn(folder, name, invariant);
  const { outcome } = await rig.run(plan, ROOT, { seed: SEED, runs: plan.runs * TIMES });
  expect({ seed: SEED, outcome }).toMatchObject({ seed: SEED, outcome: { result: "pass" } });
}, 600_000);
