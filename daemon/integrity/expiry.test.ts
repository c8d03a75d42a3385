import { afterAll, beforeAll, describe, expect, setDefaultTimeout, spyOn, test } from "bun:test";
import { cpSync, readdirSync, readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { fromBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { FOLDER_CLASS } from "../../proto/retention.ts";
import type { GateResult } from "../../proto/api.ts";
import { readReply } from "../gate/reply.ts";
import { Source } from "../platform/git/testing/scratch.ts";
import { artifactName, type GateRow } from "../store/gates.ts";
import { World } from "../testing/core.ts";
import { verifyBundle } from "../verifier/index.ts";
import { Expiry } from "./expiry.ts";
import { fsckReport } from "./fsck.ts";

setDefaultTimeout(60_000);
const DAY_MS = 86_400_000;
const EXPIRING = Bun.fileURLToPath(new URL("./testing/expiring.ts", import.meta.url));
const RETENTION = { evidence_days: 30, personal_days: 7 } as const;

async function source(world: World): Promise<Source> {
  const made = await world.scratch.source("work");
  await made.commit({ "README.md": "hello\n" });
  return made;
}
async function gated(world: World, work: Source, n: number): Promise<GateResult> {
  const base = work.git("rev-parse", "main");
  work.git("switch", "-qC", `c${n}`, "main");
  const head = await work.commit({ [`src/c${n}.ts`]: `export const c = ${n};\n` });
  const intake = await world.received(work, [base, head]);
  return world.gate(intake, { target_ref: "refs/heads/main", target: base, head });
}
const blobs = (world: World): string[] => readdirSync(join(world.state_dir, "oci/blobs/sha256"));
const packsOf = (world: World): string[] => readdirSync(join(world.state_dir, "repositories"), { recursive: true }).map(String).filter((path) => path.endsWith(".pack"));
const hex = (digest: string): string => digest.replace("sha256:", "");
const damage = async (world: World) => (await fsckReport(world.core.integrity.steps(), () => 0)).damage;
const verifies = (world: World, { bundle }: GateResult): string => verifyBundle(fromBase64(bundle) ?? new Uint8Array(), world.core.evidence.trust_bytes, { now: new Date(world.clock.now_ms()) }).result;

test("a gate past its time is gone whole: row, names, blobs, packs; its tombstone and its log entry stay, a bundle that somebody kept verifies, and nothing is damaged", async () => {
  await using world = await World.open({ retention: { evidence_days: 40, personal_days: 10, source_days: 20 } });
  const work = await source(world);
  const old = await gated(world, work, 1);
  const row = world.core.gates.get(old.gate_id, 1)!;
  const name = artifactName(old.gate_id, 1);
const packs = packsOf(world);
  for (const path of packs) utimesSync(join(world.state_dir, "repositories", path), world.clock.now_ms() / 1000, world.clock.now_ms() / 1000);

  world.clock.advance(15 * DAY_MS);
  const young = await gated(world, work, 2);
  const log_size = world.core.evidence.logState().size;
  await world.core.integrity.keeping.sweep();
  // Ten days: the reply alone, and the layout still holds every blob that it names.
  expect([blobs(world).includes(hex(row.reply)), blobs(world).includes(hex(row.bundle)), await readReply(world.core.artifacts, row), await world.core.artifacts.checkArtifact(name)]).toEqual([false, true, null, null]);
  expect((await world.core.artifacts.getArtifact(name))?.manifest.layers.map(({ mediaType }) => mediaType)).toContain("application/vnd.maestro.tombstone.v1+json");
  expect(await damage(world)).toEqual([]);

  world.clock.advance(30 * DAY_MS);
  await world.core.integrity.keeping.sweep();
  expect([world.core.gates.get(old.gate_id, 1), world.core.gates.count(), world.core.artifacts.names().includes(name), blobs(world).includes(hex(row.bundle))]).toEqual([undefined, 1, false, false]);
  expect(world.core.tombstones.get(name, "evidence")).toMatchObject({ why: "expired", log_index: row.log_index, digests: [{ kind: "reply", sha256: hex(row.reply) }, { kind: "bundle", sha256: hex(row.bundle) }] });
  expect([packs.length > 0, packsOf(world).filter((pack) => packs.includes(pack))]).toEqual([true, []]);
  expect(readFileSync(join(world.state_dir, "tombstones.jsonl"), "utf8")).toContain(name);
  expect([verifies(world, old), verifies(world, young), world.core.evidence.logState().size]).toEqual(["verified", "verified", log_size]);
  expect(await damage(world)).toEqual([]);
  await world.core.integrity.backup(false);
  expect(readdirSync(world.state_dir).filter((entry) => !Object.hasOwn(FOLDER_CLASS, entry))).toEqual([]);
  // What is gone without a tombstone is damage as before.
  world.core.artifacts.blobs.remove(world.core.gates.get(young.gate_id, 1)!.bundle, Number.POSITIVE_INFINITY);
  expect((await damage(world)).map(({ area }) => area)).toContain("gates");
});

test("attack: a place or an attempt is given out again after its gate went, so that a follower misses a verdict and two attempts have one number", async () => {
  await using world = await World.open({ retention: { evidence_days: 30 } });
  const work = await source(world);
  const first = await gated(world, work, 1);
  world.clock.advance(31 * DAY_MS);
  await world.core.integrity.keeping.sweep();
  expect([world.core.gates.count(), world.core.gates.after(-1, 10)]).toEqual([0, []]);
  const again = await gated(world, work, 1);
  expect([again.attempt, world.core.gates.after(-1, 10).map(({ place }) => place)]).toEqual([again.gate_id === first.gate_id ? 2 : 1, [1]]);
});

test("what is held stays whatever its age, and goes once it is let go of; what an operator wants gone goes at any age, but not while it is held", async () => {
  await using world = await World.open({ retention: { evidence_days: 30 } });
  const work = await source(world);
  const [kept, other] = [await gated(world, work, 1), await gated(world, work, 2)];
  const { keeping } = world.core.integrity;
  await keeping.hold(kept.gate_id, "court order 7");
  world.clock.advance(31 * DAY_MS);
  await keeping.sweep();
  expect([world.core.gates.get(kept.gate_id, 1) !== undefined, world.core.gates.get(other.gate_id, 1)]).toEqual([true, undefined]);
  expect(await keeping.forget(kept.gate_id).catch((error: unknown) => (error instanceof MaestroError ? error.code : error))).toBe("retention.refused");
  await keeping.hold(kept.gate_id, null);
  expect([world.core.gates.count(), world.core.tombstones.get(artifactName(kept.gate_id, 1), "evidence")?.why]).toEqual([0, "expired"]);
  const fresh = await gated(world, work, 3);
  // What cannot be removed is in no backup either: the sweep before it leaves nothing, or there is none.
  const stuck = spyOn(Expiry.prototype, "overdue").mockReturnValue(1);
  expect(await world.core.integrity.backup(false).catch((error: unknown) => (error instanceof MaestroError ? error.code : error))).toBe("retention.refused");
  stuck.mockRestore();
  expect((await world.core.integrity.backup(false)).files).toBeGreaterThan(0);
  expect([await keeping.forget(fresh.gate_id), world.core.gates.count(), world.core.tombstones.get(artifactName(fresh.gate_id, 1), "evidence")?.why]).toEqual([1, 0, "asked"]);
});

describe("attack: killed in the middle, and half of what is past its time is served after the next start", () => {
  let world: World;
  let row: GateRow;
  beforeAll(async () => {
    world = await World.open({ retention: RETENTION });
    const old = await gated(world, await source(world), 1);
    row = world.core.gates.get(old.gate_id, 1)!;
    await world.stop();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  /** What of the gate is left in a folder, after a start that nobody kills. */
  async function after(state_dir: string): Promise<unknown> {
    const run = Bun.spawn([process.execPath, EXPIRING, state_dir, "never"], { stdout: "pipe", stderr: "inherit" });
    return JSON.parse(await new Response(run.stdout).text());
  }

  test.each(["file", "a blob", "notes"])("before the step %s", async (dies_at) => {
    const state_dir = join(world.scratch.root, `killed-${dies_at}`);
    cpSync(world.state_dir, state_dir, { recursive: true });
    const killed = Bun.spawn([process.execPath, EXPIRING, state_dir, dies_at], { stdout: "ignore", stderr: "inherit" });
    await killed.exited;
    expect(killed.signalCode).toBe("SIGKILL");
    expect(await after(state_dir)).toEqual({ gates: 0, names: [], owed: 0, damage: [], warnings: [] });
    const left = readdirSync(join(state_dir, "oci/blobs/sha256")).filter((name) => [hex(row.bundle), hex(row.reply)].includes(name));
    expect([left, readFileSync(join(state_dir, "tombstones.jsonl"), "utf8").match(/\n/g)?.length]).toEqual([[], 1]);
  });
});
