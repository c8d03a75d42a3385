/** A fault in the ledger, in the retries and in the queue, and whether every engine sees the same one. With TLC: bench/agreement.accept.ts. */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { skipWithout } from "../../testing/skip.ts";
import { createSolver } from "../smt/index.ts";
import { findZ3, nativeBackend } from "../smt/native.ts";
import { byProperty, bySolver, candidate, disagreements, guarded, invariantOf, planOf, sidesOf, smallValues } from "./testing/engines.ts";
import { ledger } from "./testing/ledger.ts";
import { queue } from "./testing/queue.ts";
import { retry } from "./testing/retry.ts";

setDefaultTimeout(120_000);

const native = findZ3([join(import.meta.dir, "../../../.toolchain/bin/z3")]);
const without = skipWithout(native !== null, "no native z3 here: no step was asked about; `npm run tools` installs it");
const solver = createSolver({ backends: native === null ? [] : [nativeBackend(native)], now_ms: () => performance.now() });
afterAll(() => solver.close());

for (const subject of [ledger, retry, queue]) {
  describe(`${subject.name}: ${subject.fault.title}`, () => {
    test("the property finds it in the real code, the guard says where, and the code as it is withstands what was found", async () => {
      const sides = await sidesOf(subject);
      const found = await byProperty(subject, sides.broken);
      if (found === null) throw new Error("not found");
      const cex = await candidate(subject, sides, "fast-check", found.plan);
      expect(cex?.trace?.length).toBeGreaterThan(1);
      const sound = await subject.drive(sides.sound, planOf(cex!));
      expect(guarded(invariantOf(subject), sound.states)).toBeNull();
    });

    test("what the solver is asked about is what the code does, with and without the fault", async () => {
      expect(subject.grid.length).toBeGreaterThan(3);
      expect(await disagreements(subject, await sidesOf(subject))).toEqual([]);
    });

    test.skipIf(without)("the solver finds a step that the code must not take, proves that it takes none without the fault, and the real code takes it", async () => {
      expect((await bySolver(subject, "sound", solver)).answer).toBe("yes");
      const gap = await bySolver(subject, "broken", solver);
      expect(gap.answer).toBe("no");
      const cex = await candidate(subject, await sidesOf(subject), "smt", subject.planOf(smallValues(gap)));
      expect(cex?.message).toContain(String(cex?.trace?.at(-1)?.state[subject.name === "ledger" ? "reserved" : subject.name === "retry" ? "tries" : "inside"]));
    });
  });
}
