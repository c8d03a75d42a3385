/** What is written on the side, long after anybody could be told that it was not, ends nothing. */
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock } from "../../testing/clock.ts";
import { DeskRig } from "./testing/desk.ts";
import { OWN_SPACE } from "./table.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-full-"));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("attack: the disk fills while a change is judged, and the note that a rule is watched takes the daemon with it", async () => {
  // An error in a microtask has nobody above it: the process would end, and the test run reports it.
  await new DeskRig(folder).close();
  const rig = new DeskRig(folder, new FakeClock(), {}, { free_bytes_min: Number.MAX_SAFE_INTEGER });
  rig.desk.own("call", { agent: "a" });
  await Promise.resolve();
  expect(() => rig.store.requireWritable()).toThrow("free");
  // It is watched all the same.
  rig.pass(60_000);
  expect(rig.said).toEqual([`${OWN_SPACE} CALL.ANSWERED violated false a`]);
  await rig.close();
});
