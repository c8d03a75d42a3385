import { expect, setDefaultTimeout, spyOn, test } from "bun:test";
import { readdirSync, readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { fromBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { FOLDER_CLASS } from "../../proto/retention.ts";
import type { GateResult } from "../../proto/api.ts";
import { readReply } from "../gate/reply.ts";
import { artifactName } from "../store/gates.ts";
import { World } from "../testing/core.ts";
import { verifyBundle } from "../verifier/index.ts";
import { Expiry } from "./expiry.ts";
import { fsckReport } from "./fsck.ts";
import { expiringWorld, gated, hex, killedAt, NOTHING_LEFT, source } from "./testing/killed.ts";

setDefaultTimeout(60_000);
const DAY_MS = 86_400_000;
const blobs = (world: World): string[] => readdirSync(join(world.state_dir, "oci/blobs/sha256"));
const packsOf = (world: World): string[] => readdirSync(join(world.state_dir, "repositories"), { recursive: true }).map(String).filter((path) => path.endsWith(".pack"));
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

test("what is held stays whatever its age, and goes once it is let go of; what an operator wants gone goes at any age, but not while it is held; no place and no attempt is given out again", async () => {
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
  expect(world.core.gates.after(-1, 10)).toEqual([]);
  // The same change once more: a follower that counts places misses no verdict, and two attempts have two numbers.
  const fresh = await gated(world, work, 2);
  const attempt = fresh.gate_id === other.gate_id ? 2 : 1;
  expect([fresh.attempt, world.core.gates.after(-1, 10).map(({ place }) => place)]).toEqual([attempt, [2]]);
  // What cannot be removed is in no backup either: the sweep before it leaves nothing, or there is none.
  const stuck = spyOn(Expiry.prototype, "overdue").mockReturnValue(1);
  expect(await world.core.integrity.backup(false).catch((error: unknown) => (error instanceof MaestroError ? error.code : error))).toBe("retention.refused");
  stuck.mockRestore();
  expect((await world.core.integrity.backup(false)).files).toBeGreaterThan(0);
  expect([await keeping.forget(fresh.gate_id), world.core.gates.count(), world.core.tombstones.get(artifactName(fresh.gate_id, attempt), "evidence")?.why]).toEqual([1, 0, "asked"]);
});

test("attack: killed in the middle, and half of what is past its time is served after the next start", async () => {
  await using world = await expiringWorld();
  // Every other step: bench/expiry.nightly.ts.
  expect(await killedAt(world, "a blob")).toEqual(NOTHING_LEFT);
});
