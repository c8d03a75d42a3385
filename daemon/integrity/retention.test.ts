/** What must never be removed and is asked for by a clock, a foreign line or another's bytes; and what must go and would stay. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalText } from "../../proto/canonical.ts";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Tombstone } from "../../proto/retention.ts";
import type { GateResult } from "../../proto/api.ts";
import { BUILD_FILE_MEDIA_TYPE, BUILD_MEDIA_TYPE } from "../../proto/build.ts";
import { openTestHistory } from "../commands/history.ts";
import { Releasing } from "../gate/releasing/testing/releasing.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { artifactName, type GateRow } from "../store/gates.ts";
import { openStore } from "../store/db.ts";
import { flipped } from "../store/testing/flipped.ts";
import { World } from "../testing/core.ts";
import { expiringWorld, gated, hex, source } from "./testing/killed.ts";
import { appendTombstones, readTombstones } from "./tombstone-file.ts";

setDefaultTimeout(60_000);
const DAY_MS = 86_400_000;
const codeOf = (error: unknown): unknown => (error instanceof MaestroError ? error.code : error);

let world: World;
let work: Source;
let one: GateResult;
let two: GateResult;
beforeAll(async () => {
  world = await World.open({ retention: { evidence_days: 30, personal_days: 0, export_days: 0, cache_days: 1 } });
  work = await source(world);
  one = await gated(world, work, 1);
  two = await gated(world, work, 2);
});
afterAll(() => world[Symbol.asyncDispose]());

const row = (result: GateResult): GateRow | undefined => world.core.gates.get(result.gate_id, 1);
const file = (): string => join(world.state_dir, "tombstones.jsonl");
const restarted = async (between: () => void | Promise<void>): Promise<void> => {
  await world.stop();
  await between();
  await world.start();
};

test("attack: a line of tombstones names another gate's name, or an attempt that was given its number since: nothing goes with it", async () => {
  const kept = row(one)!;
  const { bundle, reply } = row(two)!;
  const digests = [{ kind: "reply", sha256: hex(reply) }, { kind: "bundle", sha256: hex(bundle) }];
  const line = { class: "evidence" as const, why: "asked" as const, at_s: 1, made_s: 1, digests };
  const lines: Tombstone[] = [
    { ...line, name: artifactName(one.gate_id, 1) },
    { ...line, name: artifactName(one.gate_id, 1), gate_id: one.gate_id, attempt: 1 },
    // Attempts of a time that this database does not know.
    { ...line, name: artifactName(one.gate_id, 4), gate_id: one.gate_id, attempt: 4 },
  ];
  for (const each of lines) await restarted(() => writeFileSync(file(), `${canonicalText(each)}\n`));
  const { gates, artifacts } = world.core;
  expect([row(one), row(two) !== undefined, await artifacts.checkArtifact(artifactName(one.gate_id, 1)), await artifacts.checkArtifact(artifactName(two.gate_id, 1))]).toEqual([kept, true, null, null]);
  expect([gates.lastAttempt(one.gate_id), world.warnings]).toEqual([4, []]);
});

test("attack: a full disk cut the last line of tombstones, and the next one stands behind it: no start and no backup could read the file again", async () => {
  const [known] = await readTombstones(file());
  appendFileSync(file(), '{"at_s":17');
  await appendTombstones(world.state_dir, [{ ...known!, name: "later" }]);
  expect((await readTombstones(file())).map(({ name }) => name).at(-1)).toBe("later");
});

test("attack: the file of tombstones cannot be opened, and no daemon starts: it is said, nothing leaves, and the next start goes on", async () => {
  await restarted(() => {
    renameSync(file(), `${file()}.aside`);
    mkdirSync(file());
  });
  expect(world.warnings.map(codeOf)).toEqual(["store.commit"]);
  expect(world.core.integrity.keeping.counts().overdue).toBeGreaterThan(0);
  await restarted(() => {
    rmdirSync(file());
    renameSync(`${file()}.aside`, file());
    world.warnings.length = 0;
  });
  expect([world.warnings, world.core.integrity.keeping.counts().overdue]).toEqual([[], 0]);
});

test("attack: a snapshot that is kept for ever goes as a leftover", async () => {
  const { folder } = await world.core.integrity.backup(false);
  utimesSync(folder, 1, 1);
  await world.core.integrity.keeping.sweep();
  expect(existsSync(join(folder, "manifest.json"))).toBe(true);
});

test("attack: forgotten, and its findings stand among the answers kept for re-use; bytes that a build holds too stay the build's", async () => {
  const { outcomes, artifacts, store } = world.core;
  const blob = await artifacts.blobs.put(new TextEncoder().encode("an excerpt"));
  const outcome = { at_s: 1_767_225_600, asked: { gate_id: two.gate_id, attempt: 1 }, reads: {}, outcome: blob.digest, blobs: { owner: { payer: "7", repo: "0".repeat(64) }, bytes: blob.size } };
  outcomes.put([{ key: "a".repeat(64), kept: outcome }, { key: "b".repeat(64), kept: { ...outcome, asked: { gate_id: one.gate_id, attempt: 1 }, outcome: row(one)!.bundle } }]);
  const { bundle, log_index } = row(two)!;
  await artifacts.putArtifact(`build-${"0".repeat(32)}`, BUILD_MEDIA_TYPE, [{ mediaType: BUILD_FILE_MEDIA_TYPE, bytes: (await artifacts.blobs.get(bundle))! }]);
  // What is being written at this moment would be back afterwards.
  store.atomic(() => world.core.outbox.hold({ id: 9_000, name: artifactName(two.gate_id, 1), blobs: [] }));
  store.atomic(() => world.core.outbox.hold({ id: log_index, name: artifactName(two.gate_id, 1), blobs: [new Uint8Array(1)] }));
  expect(await world.core.integrity.keeping.forget(two.gate_id).catch(codeOf)).toBe("retention.refused");
  world.core.outbox.sent(9_000);
  world.core.outbox.sent(log_index);
  expect(await world.core.integrity.keeping.forget(two.gate_id)).toBe(1);
  expect([outcomes.get("a".repeat(64)), outcomes.get("b".repeat(64)) !== undefined, await artifacts.blobs.has(blob.digest)]).toEqual([undefined, true, false]);
  expect([await artifacts.blobs.has(bundle), await artifacts.checkArtifact(`build-${"0".repeat(32)}`), world.core.tombstones.owed()]).toEqual([true, null, []]);
});

test("attack: names of tests that failed long ago stay for ever where their command is not run again", async () => {
  const rows = (): number => world.core.store.scanner.count("tests.history");
  await restarted(async () => {
    const store = openStore({ state_dir: world.state_dir, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: (reason) => void world.warnings.push(reason) });
    let seen_s = Math.floor((world.clock.now_ms() - 2 * DAY_MS) / 1000);
    const history = openTestHistory({ store, now_s: () => seen_s });
    history.ran({ repo_id: "demo", command: "old" }, "a".repeat(40), ["failed"], []);
    seen_s += 2 * 86_400;
    history.ran({ repo_id: "demo", command: "young" }, "a".repeat(40), ["failed"], []);
    await store.close();
  });
  expect([rows(), world.warnings]).toEqual([1, []]);
});

test("attack: what is known of a failed test is damaged on the disk, and what expires after it would stay for ever: answers kept for re-use go all the same, the damage is told, and no export leaves", async () => {
  let damaged = 0;
  const kept = { at_s: Math.floor(world.clock.now_ms() / 1000) - 2 * 86_400, asked: { gate_id: one.gate_id, attempt: 1 }, reads: {}, outcome: row(one)!.bundle, blobs: { owner: { payer: "7", repo: "0".repeat(64) }, bytes: 1 } };
  world.core.outcomes.put([{ key: "c".repeat(64), kept }]);
  await restarted(async () => {
    const store = openStore({ state_dir: world.state_dir, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: (reason) => void world.warnings.push(reason) });
    openTestHistory({ store, now_s: () => kept.at_s }).ran({ repo_id: "demo", command: "old" }, "d".repeat(40), ["failed"], []);
    await store.close();
    damaged = flipped(world.state_dir, "d".repeat(40));
  });
  expect([damaged > 0, world.warnings.map(codeOf), world.core.outcomes.get("c".repeat(64))]).toEqual([true, ["store.corrupt"], undefined]);
  expect(world.core.integrity.keeping.counts().overdue).toBe(1);
  expect(await world.core.integrity.backup(false).catch(codeOf)).toBe("store.corrupt");
});

test("attack: a hold comes while the gate goes, and is answered as if it held something", async () => {
  expect(await world.core.integrity.keeping.hold(two.gate_id, "too late").catch(codeOf)).toBe("request.not_found");
});

test("attack: a machine starts in a wrong year and everything is past its time: nothing goes before a day has passed, and then what really is old", async () => {
  const away = await expiringWorld();
  await using _ = away;
  const old = away.clock.now_ms();
  const starts = async (wall_ms: number): Promise<number> => {
    away.clock.reboot();
    away.clock.setWall(wall_ms);
    await away.start();
    const count = away.core.gates.count();
    await away.core.integrity.keeping.sweep();
    const after = away.core.gates.count();
    await away.stop();
    return after === count ? count : -1;
  };
  Object.assign(away.config, { retention: { evidence_days: 30 } });
  expect([await starts(old + 3_650 * DAY_MS), await starts(old + 3_650 * DAY_MS + 3_600_000), await starts(old - DAY_MS)]).toEqual([1, 1, 1]);
  // Two months off: the next day it is believed.
  expect([await starts(old + 60 * DAY_MS), await starts(old + 60 * DAY_MS + DAY_MS)]).toEqual([1, 0]);
});

test("attack: a release that a held gate rests on goes at its own time", async () => {
  await using releasing = await Releasing.open({ retention: { evidence_days: 30 } });
  const held = await releasing.held();
  const released = await releasing.release(held.result.gate_id);
  const { core, clock } = releasing.world;
  const releases = () => [...core.releases.all()].length;
  await core.integrity.keeping.hold(released.gate_id, "case 7");
  clock.advance(31 * DAY_MS);
  await core.integrity.keeping.sweep();
  expect([releases(), core.gates.count() > 0]).toEqual([1, true]);
  await core.integrity.keeping.hold(released.gate_id, null);
  expect([releases(), core.gates.count(), readFileSync(join(releasing.world.state_dir, "tombstones.jsonl"), "utf8").includes("release-")]).toEqual([0, 0, true]);
  expect(readdirSync(join(releasing.world.state_dir, "oci/blobs/sha256"))).toHaveLength(1);
});
