/** From a request to a logged verdict: one run, one attempt, one identity. The log, store and keys are real. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { GateResult } from "../../proto/api.ts";
import { gateId, type Identity } from "../../proto/change.ts";
import { recordId } from "../../proto/record.ts";
import { VERSION } from "../../proto/version.ts";
import type { FactsReply } from "../../proto/worker.ts";
import type { Progress } from "./gate.ts";
import { UID, World, type Told } from "../testing/core.ts";
import { CHECKS } from "./checks/index.ts";
import { ownUser } from "../testing/tenants.ts";
import { ENTRIES } from "../testing/entries.ts";

let world: World;
let sound: Told;
beforeAll(async () => {
  world = await World.open();
  sound = world.told();
  sound.pool.warm();
});
afterAll(() => world[Symbol.asyncDispose]());

const TARGET = "a".repeat(40);
let serial = 0;
/** Another change each time, so that no test meets another one's verdict. */
const asked = () => ({ target_ref: "refs/heads/main", target: TARGET, head: String(++serial).padStart(40, "0") });
const size = (): number => world.core.evidence.logState().size;
const attemptsOf = ({ gate_id }: GateResult): number[] => world.core.gates.attempts(gate_id).map(({ attempt }) => attempt.attempt);
const cancelled = { code: "request.cancelled" };

describe("one run for everybody who asks the same", () => {
  test("two callers get one attempt and both hear all of it", async () => {
    const request = asked();
    const before = size();
    const heard: Progress[][] = [[], []];
    const intakes = [world.claimed(), world.claimed()];
    const [first, second] = await Promise.all(intakes.map((intake, i) => world.gate(intake, request, sound.keeper, (event) => heard[i]!.push(event))));
    expect(second).toBe(first!);
    expect([first?.recorded, first?.attempt, size() - before]).toEqual([false, 1, ENTRIES.decided]);
    expect(heard[0]).toEqual(heard[1]!);
    expect(heard[0]?.map(({ stage, check }) => check ?? stage)).toEqual(["queued", "facts", ...CHECKS.map(({ id }) => id), "policy", "evidence"]);
  });

  test("who leaves does not cancel the other one's run", async () => {
    const { keeper } = world.told({ by_job: { ci: "slow" } });
    const [request, client] = [asked(), new AbortController()];
    const leaver = world.gate(world.claimed(), request, keeper, ({ check }) => void (check === "dependencies" && client.abort()), client.signal);
    const stayer = world.gate(world.claimed(), request, keeper);
    await expect(leaver).rejects.toMatchObject(cancelled);
    expect(await stayer).toMatchObject({ verdict: "admit", attempt: 1, recorded: false });
  });

  test("when the last one leaves the process is killed and nothing is on record", async () => {
    const { keeper, pool } = world.told({ by_job: { ci: "hangs" } });
    const [before, client] = [world.kept(), new AbortController()];
    await expect(world.gate(world.claimed(), asked(), keeper, ({ check }) => void (check === "dependencies" && client.abort()), client.signal)).rejects.toMatchObject(cancelled);
    for (let i = 0; i < 5_000 && pool.counts.busy + keeper.counts.running > 0; i++) await Bun.sleep(5);
    expect([pool.counts.busy, keeper.counts.running, world.kept()]).toEqual([0, 0, before]);
  });

  test("attack: whoever tries reports until one answers at once learns nothing of what another payer handed in, in flight or on record", async () => {
    const request = { ...asked(), reports: [{ name: "spend", bytes: Buffer.from('{"usd": 37.18}').toString("base64") }] };
    const [own, other] = [world.claimed(), { ...world.claimed(), tenant: "other" }];
    const [first, guessed] = await Promise.all([world.gate(own, request, sound.keeper), world.gate(other, request, sound.keeper)]);
    expect(guessed).not.toBe(first);
    expect([first.recorded, guessed.recorded, guessed.gate_id === first.gate_id, [first.attempt, guessed.attempt].sort()]).toEqual([false, false, true, [1, 2]]);
    const [again, tried] = [await world.gate(own, request, sound.keeper), await world.gate(own, { ...request, reports: [] }, sound.keeper)];
    expect([again.recorded, tried.recorded]).toEqual([guessed.attempt === 1, false]);
  });

  test("`rerun` and no rerun are two runs, and so are two repositories", async () => {
    const request = asked();
    const before = size();
    const results = await Promise.all([world.gate(world.claimed(), request, sound.keeper), world.gate(world.claimed("other"), request, sound.keeper)]);
    expect(new Set(results.map(({ gate_id }) => gate_id)).size).toBe(2);
    const [plain, rerun] = await Promise.all([world.gate(world.claimed(), request, sound.keeper), world.gate(world.claimed(), { ...request, rerun: true }, sound.keeper)]);
    // The plain one is given either attempt, or makes a third where the second is logged and not yet acknowledged.
    expect([rerun.recorded, plain.gate_id, size() - before >= 3]).toEqual([false, rerun.gate_id, true]);
    expect(rerun.attempt).toBeGreaterThan(1);
  });

  test("runs that turn out to be of one gate, such as a landed head under several targets, become one attempt after the other", async () => {
    const change = { history: "known", kind: "landed", merge_base: TARGET, base: TARGET, merge_tree: "e".repeat(40), conflicts: [] } satisfies FactsReply["change"];
    const { keeper } = world.told({ facts: { change } }, { host: { limits: { worker: { pool_size: 4 } } } });
    const request = { ...asked(), rerun: true };
    const results = await Promise.all(["1", "2", "3", "4"].map((digit) => world.gate(world.claimed(), { ...request, target: digit.repeat(40) }, keeper)));
    expect(new Set(results.map(({ gate_id }) => gate_id)).size).toBe(1);
    expect(results.map(({ attempt }) => attempt).sort()).toEqual([1, 2, 3, 4]);
    expect(world.core.gates.attempts(results[0]!.gate_id).map(({ attempt }) => attempt.supersedes)).toEqual([null, 1, 2, 3]);
  });
});

describe("a recorded verdict", () => {
  test("is given again, byte for byte, without a new entry", async () => {
    const request = asked();
    const first = await world.gate(world.claimed(), request, sound.keeper);
    const before = world.kept();
    const again = await world.gate(world.claimed(), request, sound.keeper);
    expect({ ...again, recorded: false }).toEqual(first);
    expect([again.recorded, world.kept()]).toEqual([true, before]);
  });

  test("attack: asked until a flaky tool says something else: nothing is asked again, so no other answer is thrown away", async () => {
    const request = asked();
    const heard: string[][] = [[], []];
    for (const said of heard) await world.gate(world.claimed(), request, sound.keeper, ({ stage }) => void said.push(stage));
    expect(heard.map((said) => said.includes("checks"))).toEqual([true, false]);
  });

  test("`rerun` makes a new attempt that supersedes, and every earlier one stays", async () => {
    const request = asked();
    const results: GateResult[] = [];
    for (let i = 0; i < 3; i++) results.push(await world.gate(world.claimed(), { ...request, rerun: true }, sound.keeper));
    expect(results.map(({ attempt, recorded }) => [attempt, recorded])).toEqual([[1, false], [2, false], [3, false]]);
    expect(attemptsOf(results[0]!)).toEqual([1, 2, 3]);
    expect(world.core.gates.attempts(results[0]!.gate_id).map(({ attempt }) => attempt.supersedes)).toEqual([null, 1, 2]);
    expect(await world.gate(world.claimed(), request, sound.keeper)).toMatchObject({ attempt: 3, recorded: true });
    expect(new Set(results.map(({ proof }) => proof.log_index)).size).toBe(3);
  });

  test("holds until its last second and not a second longer", async () => {
    const request = asked();
    await world.gate(world.claimed(), request, sound.keeper);
    world.clock.advance(86_399_000);
    expect(await world.gate(world.claimed(), request, sound.keeper)).toMatchObject({ attempt: 1, recorded: true });
    world.clock.advance(1_000);
    expect(await world.gate(world.claimed(), request, sound.keeper)).toMatchObject({ attempt: 2, recorded: false });
  });

  for (const job of ["text", "policy"] as const) {
    test(`with ${job} unavailable is not given again: the next one asks anew`, async () => {
      const request = asked();
      const broken = world.told({ by_job: { [job]: "throws" } });
      const first = await world.gate(world.claimed(), request, broken.keeper);
      expect([first.verdict, first.attempt]).toEqual(["hold", 1]);
      const second = await world.gate(world.claimed(), request, sound.keeper);
      expect(second).toMatchObject({ gate_id: first.gate_id, verdict: "admit", attempt: 2, recorded: false });
      expect(world.core.gates.attempts(first.gate_id).map(({ verdict }) => verdict)).toEqual(["hold", "admit"]);
    });
  }

  for (const lost of ["reply", "bundle"] as const) {
    test(`whose ${lost} never reached the disk was never acknowledged: a new attempt is made`, async () => {
      const request = asked();
      const first = await world.gate(world.claimed(), request, sound.keeper);
      const row = world.core.gates.get(first.gate_id, 1)!;
      rmSync(join(world.state_dir, "oci/blobs/sha256", row[lost].slice("sha256:".length)));
      const second = await world.gate(world.claimed(), request, sound.keeper);
      expect([second.attempt, second.recorded, attemptsOf(first)]).toEqual([2, false, [1, 2]]);
      expect(await world.gate(world.claimed(), request, sound.keeper)).toMatchObject({ attempt: 2, recorded: true });
    });
  }

  test("that was damaged on disk is refused, not given; a rerun makes a sound one", async () => {
    const request = asked();
    const first = await world.gate(world.claimed(), request, sound.keeper);
    const { reply } = world.core.gates.get(first.gate_id, 1)!;
    await Bun.write(join(world.state_dir, "oci/blobs/sha256", reply.slice("sha256:".length)), "{}");
    await expect(world.gate(world.claimed(), request, sound.keeper)).rejects.toMatchObject({ code: "store.corrupt" });
    expect(await world.gate(world.claimed(), { ...request, rerun: true }, sound.keeper)).toMatchObject({ attempt: 2, recorded: false });
  });
});

describe("identity: change one field and it is another gate", () => {
  test("each field of it moves the id", async () => {
    const identity = world.identityOf(await world.gate(world.claimed(), asked(), sound.keeper));
    const other: { readonly [Field in keyof Identity]: Identity[Field] } = {
      repo_id: `local:${UID}:else`, target_ref: "refs/heads/next", base: null, head: "f".repeat(40), merge_tree: null, object_format: "sha256",
      tree_sha256: null, policy: recordId("policy", 1, {}), config: recordId("config", 1, {}), checks: recordId("checks", 1, {}), trust_domain: "elsewhere",
    };
    expect(Object.keys(other).sort()).toEqual(Object.keys(identity).sort());
    const ids = Object.entries(other).map(([field, value]) => gateId({ ...identity, [field]: value }));
    expect(new Set([gateId(identity), ...ids]).size).toBe(1 + ids.length);
  });

  test("what the daemon was given is what stands in it", async () => {
    const request = asked();
    const result = await world.gate(world.claimed(), request, sound.keeper);
    const identity = world.identityOf(result);
    expect(gateId(identity)).toBe(result.gate_id);
    expect(identity).toMatchObject({
      repo_id: `local:${UID}:demo`, target_ref: request.target_ref, base: TARGET, head: request.head, merge_tree: "e".repeat(40), object_format: "sha1",
      tree_sha256: "f".repeat(64), checks: recordId("checks", 1, { version: VERSION, checks: CHECKS.map(({ id }) => id) }), trust_domain: world.core.evidence.trust_domain,
    });
  });

  test("the same change under another configuration, policy, base, merge, name or target is another gate", async () => {
    const request = asked();
    const change = { history: "known", kind: "merge", merge_base: TARGET, base: TARGET, merge_tree: "e".repeat(40), conflicts: [] } satisfies FactsReply["change"];
    const config = { version: 1 as const, required: ["secrets"] };
    const kinds: Readonly<Record<string, () => Promise<GateResult>>> = {
      plain: () => world.gate(world.claimed(), request, sound.keeper),
      "host configuration": () => world.gate(world.claimed(), request, world.told({}, { host: { thresholds: { size_lines_max: 799 } } }).keeper),
      "base configuration": () => world.gate(world.claimed(), request, world.told({ facts: { config: { state: "read", config, policy: null } } }).keeper),
      "policy bytes": () => world.gate(world.claimed(), request, world.told({}, { policy: new Uint8Array([2]) }).keeper),
      base: () => world.gate(world.claimed(), { ...request, target: "c".repeat(40) }, sound.keeper),
      "merge tree": () => world.gate(world.claimed(), request, world.told({ facts: { change: { ...change, merge_tree: "d".repeat(40) } } }).keeper),
      conflict: () => world.gate(world.claimed(), request, world.told({ facts: { change: { ...change, merge_tree: null, conflicts: [{ u: "a" }] } } }).keeper),
      tree: () => world.gate(world.claimed(), request, world.told({ facts: { tree_sha256: "1".repeat(64) } }).keeper),
      repository: () => world.gate(world.claimed("another"), request, sound.keeper),
      "target ref": () => world.gate(world.claimed(), { ...request, target_ref: "refs/heads/release" }, sound.keeper),
    };
    const ids = new Map<string, string>();
    for (const [kind, gate] of Object.entries(kinds)) {
      const { gate_id, attempt, recorded } = await gate();
      expect([kind, attempt, recorded, [...ids].find(([, id]) => id === gate_id)?.[0]]).toEqual([kind, 1, false, undefined]);
      ids.set(kind, gate_id);
    }
    expect((await kinds["plain"]!()).recorded).toBe(true);
  }, 120_000);

  test("two trust domains give two ids for one change", async () => {
    await using there = await World.open({ trust_domain: "builds.example.org" });
    const request = asked();
    const [here, elsewhere] = [await world.gate(world.claimed(), request, sound.keeper), await there.gate(there.claimed(), request, there.told().keeper)];
    const [a, b] = [world.identityOf(here), there.identityOf(elsewhere)];
    expect(b.trust_domain).toBe("builds.example.org");
    expect({ ...b, trust_domain: a.trust_domain }).toEqual(a);
    expect(elsewhere.gate_id).not.toBe(here.gate_id);
  });
});

describe("refused before anything runs", () => {
  test("a gate before its pack arrived", async () => {
    const before = world.kept();
    const intake = world.core.intakes.open(ownUser(UID), { repository: "demo", object_format: "sha1", cuts: [], tips: [TARGET] });
    await expect(world.gate(intake, asked(), sound.keeper)).rejects.toMatchObject({ code: "intake.incomplete" });
    expect(world.kept()).toEqual(before);
  });

  test("a host that does not allow mode local", async () => {
    const { keeper } = world.told({}, { host: { modes: ["host"] } });
    await expect(world.gate(world.claimed(), asked(), keeper)).rejects.toMatchObject({ code: "auth.denied" });
  });

  test("more gates than may wait in line", async () => {
    const { keeper } = world.told({ by_job: { secrets: "slow" } }, { host: { limits: { gate: { gates_max: 1, queue_max: 1 } } } });
    const gates = [0, 1, 2].map(() => world.gate(world.claimed(), asked(), keeper).then(({ verdict }) => verdict, ({ code }) => code));
    expect(await Promise.all(gates)).toEqual(["admit", "admit", "request.busy"]);
  });
});
