/** A change of the log's key that is killed, or that runs out of room: it has been or it has not, and everything goes on. */
import { afterEach, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { times } from "../../testing/scale.ts";
import { clean, cleanups, logKey, look, open, problems, record, refusal, stateDir, verified } from "./testing/nodes.ts";

afterEach(() => clean(cleanups));

/** What happens to the child before one step of the change: killed, or told that the disk is full, once. */
type Injury = "kill" | "full";

describe("at any step of the change", () => {
  const CHILD = join(import.meta.dir, "testing/rotating.ts");

  async function child(state: string, at: number, injury: Injury): Promise<{ bundles: Uint8Array[]; steps: number | null }> {
    const run = Bun.spawn([process.execPath, CHILD, state, String(at), injury], { stdout: "pipe", stderr: "inherit" });
    const lines = (await run.stdout.text()).split("\n").filter((line) => line !== "");
    await run.exited;
    const steps = lines.at(-1)?.startsWith("steps ") === true ? Number(lines.pop()?.slice(6)) : null;
    return { bundles: lines.map((line) => Uint8Array.fromBase64(line)), steps };
  }

  /** Whatever was acknowledged verifies once, the log is whole, and there is one key to go on with, which can change again. */
  async function check(state: string, bundles: readonly Uint8Array[], what: string): Promise<void> {
    const { evidence, close } = await open(state);
    expect([what, await refusal(evidence.rotateLog("both"))]).toEqual([what, "none"]);
    const { bundle } = await record(evidence, 9);
    const places = [...bundles, bundle].map((one) => verified(one, evidence.trust_bytes));
    expect([what, places.map(({ result }) => result)]).toEqual([what, places.map(() => "verified")]);
    expect(new Set(places.map(({ log }) => log?.index)).size).toBe(places.length);
    expect([what, await problems(evidence)]).toEqual([what, []]);
    await evidence.published();
    const key = logKey(state);
    expect([what, await look(state, { checkpoint: null, keys: [key] })]).toMatchObject([what, { result: "consistent" }]);
    expect([what, readdirSync(state).filter((name) => name.startsWith("keys"))]).toEqual([what, ["keys"]]);
    await close();
  }

  /** One of them in every run, another one tomorrow; the nightly run takes them all. */
  function points(steps: number, count: number): number[] {
    const every = Math.ceil(steps / times(count));
    return Array.from({ length: steps }, (_, i) => i + 1).filter((at) => (at + new Date().getUTCDate()) % every === 0);
  }

  /** A change that nothing befalls has more; the nightly run counts them. */
  const STEPS_MIN = 20;

  async function stepsOfAll(): Promise<number> {
    const { bundles, steps } = await child(stateDir(), 0, "kill");
    expect(bundles.length).toBe(4);
    expect(steps).toBeGreaterThan(STEPS_MIN);
    return steps ?? 0;
  }

  test("kill -9 leaves a log that verifies, one key set, and every verdict that was acknowledged once", async () => {
    const steps = times(1) === 1 ? STEPS_MIN : await stepsOfAll();
    for (const at of points(steps, 1)) {
      const state = stateDir();
      const { bundles, steps: ended } = await child(state, at, "kill");
      expect([at, ended]).toEqual([at, null]);
      await check(state, bundles, `killed before step ${at} of ${steps}`);
    }
  }, times(60_000));

  test("a full disk stops the change or leaves it half done: once there is room it is ended, and verdicts go on without a restart", async () => {
    for (const at of points(STEPS_MIN, 1)) {
      const state = stateDir();
      const { bundles, steps } = await child(state, at, "full");
      // The first, and all that were asked for once there was room; those in between may have been refused.
      expect([at, steps !== null, bundles.length >= 3]).toEqual([at, true, true]);
      await check(state, bundles, `no room at step ${at}`);
    }
  }, times(60_000));
});
