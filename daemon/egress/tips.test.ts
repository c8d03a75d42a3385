import { expect, test } from "bun:test";
import { FakeClock } from "../testing/clock.ts";
import { Tips } from "./tips.ts";

test("an answer holds for its time and not longer, and a failure for none", async () => {
  const clock = new FakeClock();
  const tips = new Tips(1_000, clock);
  let asked = 0;
  const ask = (oid: string) => () => (asked++, Promise.resolve(oid));
  await expect(tips.get("a", () => Promise.reject(new Error("down")))).rejects.toThrow("down");
  expect([await tips.get("a", ask("one")), await tips.get("a", ask("two")), asked]).toEqual(["one", "one", 1]);
  clock.advance(1_000);
  expect([await tips.get("a", ask("two")), await tips.get("b", ask("other")), asked]).toEqual(["two", "other", 3]);
});

test("an answer that was asked for earlier and comes later does not replace what a fetch saw meanwhile", async () => {
  const clock = new FakeClock();
  const tips = new Tips(1_000, clock);
  const slow = Promise.withResolvers<string>();
  const first = tips.get("a", () => slow.promise);
  const shared = tips.get("a", () => Promise.reject(new Error("asked twice")));
  clock.advance(10);
  tips.put("a", "new");
  slow.resolve("old");
  expect([await first, await shared, await tips.get("a", () => Promise.reject(new Error("forgotten")))]).toEqual(["new", "new", "new"]);
});
