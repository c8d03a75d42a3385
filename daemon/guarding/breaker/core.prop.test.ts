import { expect, test } from "bun:test";
import fc from "fast-check";
import { admits, type BreakerRecord, CLOSED, failed, phaseOf, type Policy, succeeded } from "./core.ts";

const policy: Policy = { failures_max: 3, window_ms: 60_000, open_ms: 10_000, open_ms_max: 80_000, probes: 1 };

type Act = { readonly wait_s: number; readonly act: "try-and-fail" | "try-and-succeed" | "violation" };
const acts = fc.array(fc.record({ wait_s: fc.nat(40), act: fc.constantFrom<Act["act"]>("try-and-fail", "try-and-succeed", "violation") }), { maxLength: 60 });

test("it never lets in before its time, never opens without the count within the window, and each opening lasts at most open_ms_max", () => {
  let opens = 0;
  fc.assert(
    fc.property(acts, (all) => {
      let record: BreakerRecord = CLOSED;
      let now_s = 1_000;
      let counted: number[] = [];
      for (const { wait_s, act } of all) {
        now_s += wait_s;
        const phase = phaseOf(record, now_s);
        const before = record;
        // Nothing is let in while it is open: this is the whole point of it.
        expect(admits(record, now_s, 0, policy)).toBe(before.open === null || now_s >= before.open.until_s);
        if (act !== "violation" && !admits(record, now_s, 0, policy)) continue;
        const began = act === "violation" ? "closed" : phase;
        record = act === "try-and-succeed" ? succeeded(record, now_s, began) : failed(record, now_s, "why", began, policy);
        if (phase === "closed" && act !== "try-and-succeed") counted = [...counted.filter((at_s) => at_s > now_s - 60), now_s];
        if (record.open !== null && record.open !== before.open) {
          opens += 1;
          // The plain count says so too, or a probe failed.
          expect(phase === "half-open" ? act : counted.length).toEqual(phase === "half-open" ? "try-and-fail" : 3);
          expect([record.open.since_s, record.open.until_s - now_s <= 80]).toEqual([now_s, true]);
          counted = [];
        }
        expect(record.trips).toBeGreaterThanOrEqual(before.trips);
        if (record.open === null && before.open !== null) expect([phase, act]).toEqual(["half-open", "try-and-succeed"]);
      }
    }),
    { seed: 7_001, numRuns: 400 },
  );
  expect(opens).toBeGreaterThan(200);
});

test("half-open lets in as many probes as the policy says, and not one more", () => {
  const open = failed(failed(failed(CLOSED, 0, "a", "closed", policy), 1, "b", "closed", policy), 2, "c", "closed", policy);
  expect([phaseOf(open, 11), phaseOf(open, 12), open.open?.reason]).toEqual(["open", "half-open", "c"]);
  expect([admits(open, 11, 0, policy), admits(open, 12, 0, policy), admits(open, 12, 1, policy), admits(open, 12, 1, { ...policy, probes: 2 })]).toEqual([false, true, false, true]);
});

test("each opening without a success in between lasts twice as long, up to the limit; a success begins anew", () => {
  let record = failed(failed(failed(CLOSED, 0, "a", "closed", policy), 0, "a", "closed", policy), 0, "a", "closed", policy);
  const lasts: number[] = [];
  for (let now_s = 0; lasts.length < 5; ) {
    lasts.push(record.open!.until_s - record.open!.since_s);
    now_s = record.open!.until_s;
    record = failed(record, now_s, "again", "half-open", policy);
  }
  expect(lasts).toEqual([10, 20, 40, 80, 80]);
  expect(succeeded(record, record.open!.until_s, "half-open")).toEqual({ ...CLOSED, trips: 6 });
});

test("attack: work that was let in before it opened and ends well later does not close it", () => {
  const open = failed(failed(failed(CLOSED, 0, "a", "closed", policy), 1, "b", "closed", policy), 2, "c", "closed", policy);
  expect(succeeded(open, 5, "closed")).toBe(open);
  expect(succeeded(open, 50, "closed")).toBe(open);
});

test("failures that are too far apart never open it", () => {
  let record: BreakerRecord = CLOSED;
  for (let i = 0; i < 50; i++) record = failed(record, i * 31, "slow", "closed", policy);
  expect(record.open).toBeNull();
});
