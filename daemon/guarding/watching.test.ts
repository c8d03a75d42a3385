/** What a monitor finds and the breaker of the same party, put together as the daemon has them. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../proto/config.ts";
import { Limits } from "../../proto/limits.ts";
import { readEvents } from "../invariants/document/fields.ts";
import { openStore } from "../store/db.ts";
import { FakeClock } from "../testing/clock.ts";
import { Guards } from "./guards.ts";
import { openWatching } from "./watching.ts";

test("a broken rule about time opens the breaker of whoever reported it; what the daemon did itself opens nobody's", async () => {
  const folder = mkdtempSync(join(tmpdir(), "maestro-watching-"));
  const store = openStore({ state_dir: folder, limits: Value.Create(StoreLimits), fatal: () => undefined });
  try {
    const clock = new FakeClock();
    const events = readEvents({ events: { call: { fields: { n: "int" } } } }, () => undefined);
    const guards = new Guards({ events, documents: [{ id: "CALL.NEVER", scope: "build", when: [{ event: "call" }], temporal: [{ formula: "never call" }] }] });
    const warned: string[] = [];
    const { breakers, events: desk } = openWatching({ store, clock, now_s: () => Math.floor(clock.now_ms() / 1000), guards, limits: Value.Create(Limits), breakers: { build: { failures_max: 1 } }, warn: (what) => warned.push(what) });
    desk.own("call", { n: 1 });
    await Promise.resolve();
    desk.report("web", { source: "s", events: [{ seq: 1, event: "call", with: { n: 1 } }] });
    clock.advance(3_000);
    desk.tick();
    expect(breakers.views(null)).toMatchObject([{ action: "build", party: "web", state: "open", reason: expect.stringContaining("CALL.NEVER") }]);
    expect(() => breakers.enter("build", "web")).toThrow("CALL.NEVER");
    expect(warned.filter((what) => what.includes("is broken"))).toHaveLength(2);
    desk.close();
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
