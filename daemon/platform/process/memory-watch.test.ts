import { expect, test } from "bun:test";
import { groupIntervalMs } from "./memory-watch.ts";

test("a walk over all processes takes no more than a fiftieth of the time, and one that a busy machine drew out blinds the watch for two seconds at most", () => {
  expect([1, 4, 10, 30].map(groupIntervalMs)).toEqual([200, 200, 500, 1_500]);
  expect([41, 200, 5_000].map(groupIntervalMs)).toEqual([2_000, 2_000, 2_000]);
});
