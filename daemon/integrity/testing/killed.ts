/** A gate that is past its time, and a daemon that dies at a step of removing it; what the next start leaves. */
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { GateResult } from "../../../proto/api.ts";
import type { Source } from "../../platform/git/testing/scratch.ts";
import { World } from "../../testing/core.ts";

const EXPIRING = Bun.fileURLToPath(new URL("./expiring.ts", import.meta.url));
const DAY_MS = 86_400_000;

export const hex = (digest: string): string => digest.replace("sha256:", "");

export async function source(world: World): Promise<Source> {
  const made = await world.scratch.source("work");
  await made.commit({ "README.md": "hello\n" });
  return made;
}

export async function gated(world: World, work: Source, n: number): Promise<GateResult> {
  const base = work.git("rev-parse", "main");
  work.git("switch", "-qC", `c${n}`, "main");
  const head = await work.commit({ [`src/c${n}.ts`]: `export const c = ${n};\n` });
  const intake = await world.received(work, [base, head]);
  return world.gate(intake, { target_ref: "refs/heads/main", target: base, head });
}

/** One gate, looked at 29 days later by a node that keeps for ever, and stopped. */
export async function expiringWorld(): Promise<World> {
  const world = await World.open({ retention: { evidence_days: 0, personal_days: 0 } });
  await gated(world, await source(world), 1);
  world.clock.advance(29 * DAY_MS);
  await world.core.integrity.keeping.sweep();
  await world.stop();
  return world;
}

export const NOTHING_LEFT = { signal: "SIGKILL", said: { gates: 0, names: [], owed: 0, damage: [], warnings: [] }, blobs: 1, tombstones: 1 };

/** Dies before the step on the 31st day; then a start that nobody kills. */
export async function killedAt(world: World, step: string): Promise<unknown> {
  const state_dir = join(world.scratch.root, `killed-${step}`);
  cpSync(world.state_dir, state_dir, { recursive: true });
  const killed = Bun.spawn([process.execPath, EXPIRING, state_dir, step], { stdout: "ignore", stderr: "inherit" });
  await killed.exited;
  return { signal: killed.signalCode, ...(await leftBy(state_dir)) };
}

/** What a start that nobody injures leaves of a folder, on the 31st day. */
export async function leftBy(state_dir: string): Promise<{ readonly said: unknown; readonly blobs: number; readonly tombstones: number | undefined }> {
  const next = Bun.spawn([process.execPath, EXPIRING, state_dir, "never"], { stdout: "pipe", stderr: "inherit" });
  const said: unknown = JSON.parse(await new Response(next.stdout).text());
  return { said, blobs: readdirSync(join(state_dir, "oci/blobs/sha256")).length, tombstones: readFileSync(join(state_dir, "tombstones.jsonl"), "utf8").match(/\n/g)?.length };
}
