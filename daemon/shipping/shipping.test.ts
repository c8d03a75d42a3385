/** Releases in a whole daemon: what its own records say, what it keeps, and what it forgets. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../proto/config.ts";
import { fromBase64, toBase64 } from "../../proto/encoding.ts";
import { SHIPMENT_MEDIA_TYPE, type ShipReply, type ShipRequest } from "../../proto/shipping.ts";
import { keepPromises } from "../gate/record.ts";
import { collectGarbage } from "../integrity/gc.ts";
import { leavingShipments } from "../integrity/shipment-blobs.ts";
import { repairedCopy } from "../integrity/testing/repaired-copy.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { openArtifacts } from "../store/artifacts.ts";
import { readShipment } from "../store/shipments.ts";
import { World } from "../testing/core.ts";
import { Admits } from "./admits.ts";
import { verifyShipment } from "../verifier/index.ts";

setDefaultTimeout(60_000);
const REF = "refs/heads/main";
const DAY_MS = 86_400_000;
const LIMITS = { ...Value.Create(StoreLimits), free_bytes_min: 1 };
const ARTIFACT = { name: "app.tar", sha256: "ab".repeat(32), bytes: 3 };

let world: World;
let source: Source;
let from: string;
let first: string;
let second: string;
let shipped: Extract<ShipReply, { result: "released" }>;

async function gated(base: string, head: string) {
  return world.gate(await world.received(source, [head, base]), { target_ref: REF, target: base, head });
}

async function ship(to: string, more: Partial<ShipRequest> = {}, sees: () => boolean = () => true): Promise<ShipReply> {
  const intake = await world.received(source, [to, first, from]);
  return world.core.ship_desk.submit(intake, { intake_id: intake.id, target_ref: REF, target: to, from, to, artifact: ARTIFACT, ...more }, sees, new AbortController().signal, (_worst, work) => work(() => undefined));
}

const refusedOf = (reply: ShipReply) => (reply.result === "refused" ? reply.commits : expect.unreachable());

beforeAll(async () => {
  world = await World.open();
  source = world.scratch.source("shipped");
  from = await source.commit({ "a.ts": "export const a = 1;\n" });
  first = await source.commit({ "b.ts": "export const b = 2;\n" });
  second = await source.commit({ "c.ts": "export const c = 3;\n" });
  const made = await gated(from, first);
  expect([made.verdict, made.card.reasons.filter(({ effect }) => effect !== "note")]).toEqual(["admit", []]);
});
afterAll(() => world[Symbol.asyncDispose]());

test("a commit that was never gated; then everything admitted: released, signed and logged before the answer", async () => {
  expect(refusedOf(await ship(second)).map(({ commit }) => commit)).toEqual([second]);
  await gated(first, second);
  const size = world.core.evidence.logState().size;
  const reply = await ship(second);
  if (reply.result !== "released") throw new Error(reply.because);
  shipped = reply;
  expect(world.core.evidence.logState().size).toBe(size + 2);
  const verified = verifyShipment(fromBase64(reply.shipment) ?? expect.unreachable(), world.core.evidence.trust, { artifact_sha256: ARTIFACT.sha256, now: new Date(world.clock.now_ms()) });
  if (verified.result !== "verified") throw new Error(verified.reason.detail);
  expect(verified.statement.predicate.steps.map(({ from: begin, to }) => [begin, to])).toEqual([[from, first], [first, second]]);
  expect(reply.notes.some((note) => note.includes("made of"))).toBe(true);
});

test("attack: another branch's admits, a weaker mode's, gates that one may not see, another node's evidence changed in one byte", async () => {
  expect(refusedOf(await ship(second, { target_ref: "refs/heads/other" }))).toHaveLength(2);
  expect(refusedOf(await ship(second, {}, () => false))).toHaveLength(2);
  const row = world.core.gates.all().next().value ?? expect.unreachable();
  const bundle = (await world.core.artifacts.blobs.get(row.bundle)) ?? expect.unreachable();
  expect((await ship(first, { bundles: [toBase64(bundle)] }, () => false)).result).toBe("released");
  const forged = Buffer.from(bundle);
  forged[forged.length >> 1] = (forged[forged.length >> 1] ?? 0) ^ 1;
  expect((await ship(first, { bundles: [toBase64(forged)] }, () => false)).result).toBe("refused");
  const wanted = { repo_id: row.repo_id, target_ref: REF, mode: "host", sees: () => true } as const;
  expect(new Admits(world.core).verified(bundle, wanted, "node")).toContain("judged in mode local");
});

test("an admit that has ended: the newest change has to be gated again, those below it landed in time", async () => {
  world.clock.advance(2 * DAY_MS);
  expect(refusedOf(await ship(second)).map(({ commit }) => commit)).toEqual([second]);
  await gated(first, second);
  // The second change was judged anew, after the first one's admit had ended; nothing else shows when the first one landed.
  expect(refusedOf(await ship(second)).map(({ commit }) => commit)).toEqual([first]);
  await gated(from, first);
  expect((await ship(second)).result).toBe("released");
});

test("kept: named after a kill, left by garbage collection, found by a repair, gone with its time", async () => {
  const { artifacts, outbox, store, gates, usage, evidence } = world.core;
  const id = shipped.row.shipment_id;
  const kept = (await readShipment(artifacts, id)) ?? expect.unreachable();
  const layers = (await artifacts.getArtifact(id))?.manifest.layers ?? [];
  const row = (await artifacts.blobs.get(layers[2]?.digest ?? "")) ?? expect.unreachable();
  await artifacts.removeNames([id]);
  store.atomic(() => outbox.hold({ id: shipped.row.log_index, name: id, blobs: [kept.shipment, kept.release, row] }));
  expect([await keepPromises(world.core), await readShipment(artifacts, id)]).toEqual([1, kept]);
  const blobs = join(world.state_dir, "oci/blobs/sha256");
  for (const name of readdirSync(blobs)) utimesSync(join(blobs, name), 1, 1);
  await collectGarbage({ state_dir: world.state_dir, artifacts, gates, kept: () => [], age_ms: 1, now_ms: Date.now(), in_use: new Set(), apply: true });
  expect(layers.filter(({ digest }) => !readdirSync(blobs).includes(digest.slice(7)))).toEqual([]);
  const now_s = evidence.now_s();
  expect(await leavingShipments({ artifacts, usage, now_s, cutoff_s: 0 }, evidence.trust)).toEqual([]);
  const leaving = await leavingShipments({ artifacts, usage, now_s, cutoff_s: now_s }, evidence.trust);
  expect(leaving.find(({ tombstone }) => tombstone.name === id)?.erasures.filter(({ kind }) => kind === "blob")).toHaveLength(4);
  const { state_dir, damage } = await repairedCopy(world, SHIPMENT_MEDIA_TYPE);
  expect([damage, (await openArtifacts({ state_dir, limits: LIMITS })).names().includes(id)]).toEqual([0, true]);
});

test("a squash, which names no head, is found by its content: also where the index of contents was lost, and is read anew from the bundles", async () => {
  source.git("switch", "-q", "--detach", second);
  const change = await source.commit({ "d.ts": "export const d = 4;\n" });
  expect((await gated(second, change)).verdict).toBe("admit");
  source.git("reset", "-q", "--soft", second);
  source.git("commit", "-q", "-m", "squashed");
  const squashed = source.git("rev-parse", "HEAD");
  const released = async (): Promise<unknown> => {
    const reply = await ship(squashed, { from: second });
    return reply.result === "released" ? reply.row.head : reply;
  };
  expect(await released()).toBe(squashed);
  const { store, gates } = world.core;
  store.atomic(() => gates.reorder());
  expect(gates.trees.count()).toBe(0);
  expect(await released()).toBe(squashed);
  expect([gates.trees.count(), gates.places()]).toEqual([gates.places(), gates.count()]);
});

test("attack: the same change was judged again since under other rules, which held it; on another base, or before, that says nothing of it", async () => {
  const { core } = world;
  const rows = [...core.gates.all()].filter(({ head }) => head === second);
  const newest = rows.at(-1) ?? expect.unreachable();
  expect((await ship(second)).result).toBe("released");
  const elsewhere = await gated(from, second);
  const other = (like: typeof newest, gate_id: string, issued_at: string) => core.store.atomic(() => core.gates.add({ ...like, gate_id, verdict: "hold", attempt: { ...like.attempt, issued_at, attempt: 1, supersedes: null } }));
  const other_base = [...core.gates.all()].find(({ gate_id }) => gate_id === elsewhere.gate_id) ?? expect.unreachable();
  other(other_base, `gate:${"a".repeat(52)}`, other_base.attempt.issued_at);
  other(newest, `gate:${"b".repeat(51)}a`, "2020-01-01T00:00:00Z");
  expect((await ship(second)).result).toBe("released");
  other(newest, `gate:${"c".repeat(51)}a`, newest.attempt.issued_at);
  expect(refusedOf(await ship(second))[0]).toMatchObject({ commit: second, because: expect.stringMatching(/^attempt 1 of gate:c{51}a says hold$/) });
  const bytes = (await core.artifacts.blobs.get(newest.bundle)) ?? expect.unreachable();
  expect((await ship(second, { bundles: [toBase64(bytes)] })).result).toBe("refused");
});

test("an admit that was judged again and refused counts no more, and does not when its bundle is brought along", async () => {
  const rows = [...world.core.gates.all()].filter(({ head }) => head === second);
  const newest = rows.at(-1) ?? expect.unreachable();
  world.core.store.atomic(() => world.core.gates.add({ ...newest, verdict: "refuse", attempt: { ...newest.attempt, attempt: newest.attempt.attempt + 1, supersedes: newest.attempt.attempt } }));
  expect(refusedOf(await ship(second))[0]).toMatchObject({ commit: second, because: expect.stringContaining("refuse") });
  const bytes = (await world.core.artifacts.blobs.get(newest.bundle)) ?? expect.unreachable();
  expect((await ship(second, { bundles: [toBase64(bytes)] })).result).toBe("refused");
});
