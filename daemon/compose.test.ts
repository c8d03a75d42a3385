/** The daemon put together: what a start finds, and what does not change underneath it. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundleDigest, ENTRYPOINT, policyId, readBundle } from "./policy/index.ts";
import { tarGz } from "./platform/archive/testing/tar.ts";
import { World } from "./testing/core.ts";
import { ownUser, tenant } from "./testing/tenants.ts";
import { ENTRIES } from "./testing/entries.ts";

const DEFAULT = new URL("../policies/default/bundle.tar.gz", import.meta.url).pathname;
const FOCUSED = { "test/a.test.ts": 'test.only("a", () => expect(1).toBe(1));\n' };
const SLOW_MS = 120_000;

interface Table {
  readonly maestro: { readonly table: { readonly rules: Record<string, object> } };
}

/** The default policy with another word on one rule. */
function policySaying(effect: "pass" | "refuse"): Uint8Array {
  const { data, wasm } = readBundle(new Uint8Array(readFileSync(DEFAULT)), DEFAULT);
  const said = JSON.parse(JSON.stringify(data)) as Table;
  const { rules } = said.maestro.table;
  rules["test.focused"] = { ...rules["test.focused"], mode: "enforce", effects: { human: effect, agent: effect, bot: effect, unknown: effect } };
  const manifest = { revision: `says-${effect}`, roots: [""], wasm: [{ entrypoint: ENTRYPOINT, module: "/policy.wasm" }] };
  return tarGz([{ name: "/.manifest", content: JSON.stringify(manifest) }, { name: "/data.json", content: JSON.stringify(said) }, { name: "/policy.wasm", content: wasm }]);
}

test("an orderly stop waits until what was under way is paid for, and bills what it took instead of its worst case", async () => {
  await using world = await World.open();
  const payer = tenant("web", 1001, { accounts: [{ key: "tenant:web", budget: {}, window_s: null }] });
  const putAway = Promise.withResolvers<void>();
  const work = world.core.tenants.pay(payer, { wall_us: 3_600e6, cpu_us: 3_600e6, model_tokens: 0 }, async (spent) => {
    await putAway.promise;
    spent({ cpu_us: 7 });
  });
  setTimeout(putAway.resolve, 300);
  await world.stop();
  await work;
  await world.start();
  const row = world.core.tenants.ledger.account("tenant:web");
  expect(row).toMatchObject({ spent: { cpu_us: 7 }, reserved: { wall_us: 0, cpu_us: 0 } });
  expect(row?.spent.wall_us).toBeLessThan(60e6);
  expect(world.warnings).toEqual([]);
}, SLOW_MS);

describe("a start", () => {
  test("sweeps what a killed daemon left half done, and keeps what was acknowledged", async () => {
    await using world = await World.open();
    const source = world.scratch.source();
    const head = await source.commit({ a: "1\n" });
    const request = { target_ref: "refs/heads/main", target: head, head };
    const intake = await world.received(source, [head]);
    const first = await world.gate(intake, request);
    const { folder } = await world.core.repositories.open(intake.repo_id, "sha1");
    const rows = world.core.gates.recent(10);
    await world.stop();
    const halves = [join(world.state_dir, "scratch/gate-x"), join(folder, "quarantine-x/objects")];
    for (const half of halves) mkdirSync(half, { recursive: true });
    await world.start();
    expect(halves.map((half) => existsSync(half))).toEqual([false, false]);
    expect([world.core.gates.recent(10), world.core.evidence.logState().size]).toEqual([rows, ENTRIES.decided]);
    expect(() => world.core.intakes.get(ownUser(intake.uid), intake.id)).toThrow("unknown or has expired");
    const again = await world.gate(await world.received(source, [head]), request);
    // The answer is the old one; that it was asked for again is on the bill.
    expect({ ...again, recorded: false, cost: first.cost }).toEqual({ ...first, cost: first.cost });
    expect([first.cost?.runs, again.cost?.runs]).toEqual([1, 2]);
    expect([again.recorded, world.core.evidence.logState().size, world.warnings]).toEqual([true, ENTRIES.decided, []]);
  }, SLOW_MS);

  test("starts no process by itself", async () => {
    await using world = await World.open();
    await Bun.sleep(50);
    expect(world.core.pool.counts).toEqual({ ready: 0, busy: 0 });
  });

  test("is refused where the host's policy is absent, or is none", async () => {
    await expect(World.open({ policy_bundle: "/nonexistent/policy.tar.gz" })).rejects.toMatchObject({ code: "policy.load" });
    await expect(World.open({ policy_bundle: import.meta.path })).rejects.toMatchObject({ code: "policy.load" });
  });
});

test("attack: the policy file is replaced while the daemon runs; the policy that is signed for is the one that was asked", async () => {
  await using holder = await World.open();
  const path = join(holder.scratch.root, "policy.tar.gz");
  const strict = policySaying("refuse");
  writeFileSync(path, strict);
  await using world = await World.open({ policy_bundle: path });
  const source = world.scratch.source();
  const base = await source.commit({ a: "1\n" });
  const head = await source.commit(FOCUSED);
  writeFileSync(path, policySaying("pass"));
  const result = await world.gate(await world.received(source, [base, head]), { target_ref: "refs/heads/main", target: head, head });
  expect([result.verdict, result.card.policy.name]).toEqual(["refuse", "says-refuse"]);
  expect(world.identityOf(result).policy).toBe(policyId([bundleDigest(strict, "strict")]));
}, SLOW_MS);

test("a policy that says otherwise does decide otherwise", async () => {
  await using holder = await World.open();
  const path = join(holder.scratch.root, "policy.tar.gz");
  writeFileSync(path, policySaying("pass"));
  await using world = await World.open({ policy_bundle: path });
  const source = world.scratch.source();
  const base = await source.commit({ a: "1\n" });
  const head = await source.commit(FOCUSED);
  const result = await world.gate(await world.received(source, [base, head]), { target_ref: "refs/heads/main", target: head, head });
  expect([result.verdict, result.card.policy.name]).toEqual(["admit", "says-pass"]);
}, SLOW_MS);
