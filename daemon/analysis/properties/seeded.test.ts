/** A fault in the daemon's own queue and account, each found, shrunk and seen again; without the fault nothing is found. Retry, over real evidence, is in bench/properties.accept.ts. */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { skipWithout } from "../../testing/skip.ts";
import { planIn, Rig, ROOT, shipped, type Seeded } from "./testing/rig.ts";

setDefaultTimeout(120_000);
const rig = new Rig();
const { usable } = await rig.sandbox.tier("bwrap");
const skipped = skipWithout(usable, "bubblewrap does not work here, so no property test was run in it");
afterAll(() => rig.close());

const SEEDED: readonly Seeded[] = [
  {
    target: "queue",
    invariant: "INV.QUEUE.NO_IDLE_PLACE",
    fault: { file: "daemon/gate/turnstile.ts", text: "this.shares.give(tenant);\n      this.advance();", becomes: "this.shares.give(tenant);" },
    runs: 200,
    message: "wait beside an empty place",
    // Two inside and one in line of the same tenant, and one of the two goes.
    actions: [/^init$/, /^come/, /^come/, /^come/, /^go/],
  },
  {
    target: "ledger",
    invariant: "INV.LEDGER.CAP",
    fault: { file: "daemon/tenants/ledger/core.ts", text: "const taken = add(spent, reserved);", becomes: "const taken = spent;" },
    runs: 200,
    message: 'would have 1001 of 1000 "wall_us" taken',
    actions: [/^init$/, /^promise/, /^promise/],
  },
];

describe.skipIf(skipped).each(SEEDED)("$target", ({ target, invariant, fault, runs, message, actions }) => {
  test("as it is keeps its rule, with every action called and the rule asked", async () => {
    const { outcome } = await rig.run(planIn(shipped(), target, invariant), ROOT, { runs: Math.min(runs, 6) });
    expect(outcome).toMatchObject({ result: "pass" });
  });

  test("with one line wrong breaks it: one counterexample, shrunk, replayed, and found again by its seed and path", async () => {
    const [plan, tree] = [planIn(shipped(), target, invariant), await rig.bundled(planIn(shipped(), target, invariant).module, fault)];
    const { outcome } = await rig.run(plan, tree, { runs });
    if (outcome.result !== "fail") throw new Error(JSON.stringify(outcome));
    const { counterexample: cex } = outcome;
    expect(cex).toMatchObject({ invariant, engine: "fast-check", message: expect.stringContaining(message), replay: { verdict: "reproduced" } });
    expect(cex.trace?.map(({ action }) => action)).toEqual(actions.map((action) => expect.stringMatching(action)));
    const again = await rig.run(plan, tree, { runs, seed: cex.seed ?? 0, path: cex.path ?? "" });
    expect(again.outcome).toMatchObject({ result: "fail", counterexample: { trace: cex.trace } });
  });
});
