/** A client that is cut off at every stage, through the real daemon. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Source } from "../platform/git/testing/scratch.ts";
import { until, World } from "./testing/world.ts";
import { ENTRIES } from "../testing/entries.ts";

setDefaultTimeout(120_000);
let world: World;
beforeAll(async () => {
  world = new World();
  await world.daemon();
  await world.judged(await world.repository());
});
afterAll(() => world.dispose());

let changes = 0;
const change = (more: Record<string, string> = {}): Promise<Source> => world.changed({}, { "src/b.ts": `b(${changes++});\n`, ...more });

test("the connection is cut at every stage: the next try gets one answer, recorded once", async () => {
  for (const stage of ["queued", "facts", "checks", "policy"]) {
    const source = await change({ "src/long.txt": "a line that holds nothing\n".repeat(20_000) });
    const before = (await world.status()).log.size;
    const cut = world.start(["gate", source.path]);
    // A stage that is over before its line is read has been cut later; that is a stage too.
    await cut.said(stage === "queued" ? "queued" : `  ${stage}`).catch(() => undefined);
    cut.child.kill("SIGKILL");
    await cut.done;
    const [first, second] = await Promise.all([world.judged(source), world.judged(source)]);
    expect([stage, first.code, first.attempt, second.gate_id, second.attempt]).toEqual([stage, 0, 1, first.gate_id, 1]);
    expect([stage, (await world.status()).log.size]).toEqual([stage, before + ENTRIES.decided]);
    expect((await world.status()).gates.running).toBe(0);
  }
});

test("the connection is cut in the middle of the pack: nothing of it stays, and the next try goes through", async () => {
  const source = await change({ "big.bin": Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 251)).toString("base64") });
  const before = (await world.status()).log.size;
  for (const wait_ms of [0, 20, 60, 120]) {
    const cut = world.start(["gate", source.path]);
    await Bun.sleep(wait_ms);
    cut.child.kill("SIGKILL");
    await cut.done;
  }
  await until(async () => (await world.status()).gates.running === 0);
  expect(await world.judged(source)).toMatchObject({ code: 0, attempt: 1 });
  expect((await world.status()).log.size).toBe(before + ENTRIES.decided);
});
