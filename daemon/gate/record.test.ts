/** A daemon that dies between the log's commit and the blobs: the next one keeps its promise. */
import { expect, test } from "bun:test";
import { sha256Digest } from "../store/blobs.ts";
import { World } from "../testing/core.ts";
import { recordInput } from "../testing/evidence.ts";
import { keepPromises, recordGate, type RecordDeps } from "./record.ts";
import { readReply } from "./reply.ts";

const TIMINGS = { total_us: 1, facts_us: 1, checks_us: 1, policy_us: 1, evidence_us: 1, by_check: [] };

const OWNER = { uid: 7, tenant: null };

/** What a process that was killed at its first blob leaves: the same core, with a layout that takes nothing. */
function dying({ evidence, gates, artifacts, outbox, usage }: RecordDeps): RecordDeps {
  const dead = () => Promise.reject(new RangeError("killed here"));
  return { evidence, gates, outbox, usage, artifacts: { ...artifacts, putArtifact: dead, blobs: { ...artifacts.blobs, put: dead } } };
}

async function killedWhileRecording(world: World): Promise<string> {
  const { evidence } = world.core;
  const input = recordInput(evidence.trust_domain, 1);
  await expect(recordGate(dying(world.core), OWNER, input, () => TIMINGS)).rejects.toThrow("killed here");
  const [row] = world.core.gates.recent(1);
  if (row === undefined) throw new Error("the gate was not logged");
  expect(await readReply(world.core.artifacts, row)).toBeNull();
  await world.stop();
  return row.gate_id;
}

test("a logged gate whose reply was not written has it after the next start, bundle and name included", async () => {
  await using world = await World.open();
  const gate_id = await killedWhileRecording(world);
  await world.start();
  const { gates, artifacts, outbox, evidence } = world.core;
  const [row] = gates.attempts(gate_id);
  const stored = row === undefined ? null : await readReply(artifacts, row);
  expect(stored?.reply.proof.log_index).toBe(0);
  expect(sha256Digest(stored?.bundle ?? new Uint8Array())).toBe(row?.bundle ?? "");
  expect(artifacts.names()).toEqual([`gate-${gate_id.slice("gate:".length)}-1`]);
  expect(evidence.logState().size).toBe(1);
  expect(outbox.pending()).toEqual([]);
});

test("a promise kept twice is the same promise", async () => {
  await using world = await World.open();
  await recordGate(world.core, OWNER, recordInput(world.core.evidence.trust_domain, 1), () => TIMINGS);
  const before = world.kept();
  expect(await keepPromises(world.core)).toBe(1);
  expect(await keepPromises(world.core)).toBe(0);
  expect(world.kept()).toEqual(before);
});

test("the promise goes with the next gate, so that nothing piles up", async () => {
  await using world = await World.open();
  const { evidence, outbox } = world.core;
  for (let attempt = 1; attempt <= 3; attempt++) await recordGate(world.core, OWNER, recordInput(evidence.trust_domain, attempt), () => TIMINGS);
  expect(outbox.pending().map(({ id }) => id)).toEqual([2]);
});
