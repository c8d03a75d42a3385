import { expect, test } from "bun:test";
import { Buckets } from "./bucket.ts";

const RATE = { per_s: 10, burst: 3 };

function buckets(keys_max = 100): { readonly buckets: Buckets; readonly time: { ms: number } } {
  const time = { ms: 1_000 };
  return { buckets: new Buckets(() => time.ms, keys_max), time };
}

test("a burst passes, the next one waits, and time fills the bucket up to the burst and no further", () => {
  const { buckets: all, time } = buckets();
  expect([1, 2, 3, 4].map(() => all.take("a", RATE))).toEqual([null, null, null, 1]);
  time.ms += 100;
  expect([all.take("a", RATE), all.take("a", RATE)]).toEqual([null, 1]);
  time.ms += 3_600_000;
  expect([1, 2, 3, 4].map(() => all.take("a", RATE))).toEqual([null, null, null, 1]);
});

test("over ten seconds nobody gets more than burst and rate allow, however the requests are spread", () => {
  const { buckets: all, time } = buckets();
  let passed = 0;
  for (; time.ms < 11_000; time.ms += 7) if (all.take("a", RATE) === null) passed++;
  expect(passed).toBeLessThanOrEqual(RATE.burst + 10 * RATE.per_s);
  expect(passed).toBeGreaterThanOrEqual(10 * RATE.per_s);
});

test("one key's flood leaves another key's bucket full", () => {
  const { buckets: all } = buckets();
  for (let i = 0; i < 50; i++) all.take("flood", RATE);
  expect(all.take("other", RATE)).toBeNull();
});

test("where it is slow, the wait that is named is long enough", () => {
  const slow = { per_s: 1, burst: 1 };
  const { buckets: all, time } = buckets();
  all.take("a", slow);
  const wait_s = all.take("a", slow) ?? 0;
  time.ms += wait_s * 1000;
  expect(all.take("a", slow)).toBeNull();
});

test("attack: a flood of new keys forgets the one unused longest, never the one in use", () => {
  const { buckets: all } = buckets(4);
  for (let i = 0; i < 4; i++) all.take("used", RATE);
  for (let i = 0; i < 100; i++) {
    all.take(`new ${i}`, RATE);
    expect(all.take("used", RATE)).not.toBeNull();
  }
});
