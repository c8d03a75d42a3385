import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../proto/config.ts";
import { BreakerLimits, EventLimits } from "../../proto/limits.ts";
import { readEvents } from "../invariants/index.ts";
import { openStore } from "../store/db.ts";
import { FakeClock } from "../testing/clock.ts";
import { Guards } from "./guards.ts";
import { openWatching } from "./watching.ts";

const state_dir = mkdtempSync(join(tmpdir(), "maestro-written-"));
afterAll(() => rmSync(state_dir, { recursive: true, force: true }));

test("attack: money that is written as in an example is no violation, and opens nobody's breaker", async () => {
  const clock = new FakeClock();
  const events = readEvents({ events: { call: { fields: { spent: "money", took: "duration" } } } }, () => undefined);
  const guards = new Guards({ documents: [{ id: "T.DEAR", scope: "build", when: [{ event: "call" }], temporal: [{ formula: "never call where spent > 5 || took > duration(\"1m\")" }] }], events });
  const store = openStore({ state_dir, limits: Value.Create(StoreLimits), fatal: (reason) => { throw reason; } });
  try {
    const { events: desk, breakers } = openWatching({ store, clock, now_s: () => Math.floor(clock.now_ms() / 1000), guards, limits: { breaker: { ...Value.Create(BreakerLimits), failures_max: 1 }, event: { ...Value.Create(EventLimits), reorder_ms: 0 } }, breakers: {}, warn: () => undefined });
    const said = (seq: number, fields: Record<string, unknown>) => {
      desk.report("web", { source: "s", events: [{ seq, event: "call", with: fields }] });
      clock.advance(1_000);
      desk.tick();
      return [desk.views("web", false)[0]?.violated, breakers.views(null).length];
    };
    expect(said(0, { spent: "$4", took: "30s", other: "$1" })).toEqual([0, 0]);
    expect(said(1, { spent: "$6", took: "30s" })).toEqual([1, 1]);
    expect(desk.views("web", false)[0]?.newest?.because).toBe("false");
    desk.close();
  } finally {
    await store.close();
  }
});
