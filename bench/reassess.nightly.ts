/** Ten thousand gates: `maestro reassess` in bounded memory, a release that finds the admit of a content among them, and the index of contents read anew. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { coreOf, LACKING_EVERY, treeOf, writeGates } from "../daemon/e2e/testing/many-gates.ts";
import { reassess } from "../daemon/e2e/testing/reassessing.ts";
import { World } from "../daemon/e2e/testing/world.ts";
import { Admits } from "../daemon/shipping/admits.ts";
import { fillTreeIndex } from "../daemon/shipping/tree-index.ts";
import { SAMPLE_IDENTITY } from "../daemon/testing/evidence.ts";

const DEADLINE_MS = 3_600_000;
const GATES = Number(process.env["MAESTRO_REASSESS_GATES"] ?? "10000");
const SAMPLED_EVERY_MS = 50;
/** Of the whole command, Bun itself included; it holds one gate at a time. */
const RSS_MB_MAX = 200;
let world: World;
beforeAll(async () => {
  world = new World();
  await writeGates(world.state_dir, GATES);
}, DEADLINE_MS);
afterAll(() => world.dispose(), DEADLINE_MS);

const peakMb = (pid: number): number => Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? Number.NaN) / 1024;
const say = (text: string): void => void process.stderr.write(`${text}\n`);

test("each admit is judged, and the command's memory does not grow with their number", async () => {
  const daemon = await world.daemon();
  const began_ms = performance.now();
  const run = reassess(world, world.socket_path);
  const peaks: number[] = [];
  const timer = setInterval(() => {
    try {
      peaks.push(peakMb(run.pid));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH"))) throw error;
    }
  }, SAMPLED_EVERY_MS);
  expect(await run.exited).toBe(1);
  clearInterval(timer);
  const took_ms = performance.now() - began_ms;
  const known = peaks.filter(Number.isFinite);
  const peak = Math.max(...known);
  const half = known[known.length >> 1] ?? Number.NaN;
  say(`reassess of ${GATES} gates: ${(took_ms / 1000).toFixed(1)} s, ${(took_ms / GATES).toFixed(2)} ms each; peak ${peak.toFixed(0)} MB, ${half.toFixed(0)} MB half-way; daemon ${peakMb(daemon.pid).toFixed(0)} MB`);
  const lacking = Math.floor(GATES / LACKING_EVERY);
  expect([run.said().match(/^WOULD NOT SHIP/gm)?.length, run.said().includes(`${GATES - lacking} of ${GATES} admits would ship`)]).toEqual([lacking, true]);
  expect(peak).toBeLessThan(RSS_MB_MAX);
  daemon.kill("SIGTERM");
  await daemon.exited;
}, DEADLINE_MS);

test("an admit is found by its content however many gates came since, also after a repair, which leaves the index to be read anew", async () => {
  const core = await coreOf(world.state_dir);
  const { gates, store, evidence } = core;
  try {
    const wanted = { repo_id: SAMPLE_IDENTITY.repo_id, target_ref: SAMPLE_IDENTITY.target_ref, mode: "local", sees: () => true } as const;
    const find = async (): Promise<{ readonly ms: number; readonly heads: readonly string[] }> => {
      const began_ms = performance.now();
      const admits = await new Admits({ gates, artifacts: core.artifacts, evidence }).ofTrees(new Set([treeOf(0)]), new Set([SAMPLE_IDENTITY.base]), wanted);
      return { ms: performance.now() - began_ms, heads: admits.map(({ head }) => head) };
    };
    const first = await find();
    expect(first.heads).toEqual([`d${"0".repeat(39)}`]);
    store.atomic(() => gates.reorder());
    const began_ms = performance.now();
    expect(await fillTreeIndex(core)).toBe(GATES);
    say(`the oldest of ${GATES} gates by its content: ${first.ms.toFixed(1)} ms; the index read anew from the bundles: ${((performance.now() - began_ms) / 1000).toFixed(1)} s`);
    expect((await find()).heads).toEqual(first.heads);
  } finally {
    await core.close();
  }
}, DEADLINE_MS);
