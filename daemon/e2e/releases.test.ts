/** Releases through the command line: real users of this machine, real keys, a real daemon; the kernel's word on who asks. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StatusReply } from "../../proto/api.ts";
import { KeyRing } from "../testing/ssh.ts";
import { SshAgent } from "./testing/ssh-agent.ts";
import { CI_USER, giveToUser, skippedWithoutUsers, Users } from "./testing/users.ts";
import { AGENT, oneDocument, unfolded, until, World, type GateDocument, type Ran } from "./testing/world.ts";
import { Source } from "../platform/git/testing/scratch.ts";

setDefaultTimeout(60_000);

const ALICE = 50_102;
const skipped = skippedWithoutUsers();

let world: World;
let users: Users;
let keys: KeyRing;
let daemon: Awaited<ReturnType<World["daemon"]>>;

const as = (uid: number, args: readonly string[], wrap: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Ran> => users.run(uid, args, wrap, env);

async function held(name: string, message = AGENT): Promise<{ head: string; path: string }> {
  const path = world.path(`home-${CI_USER}/${name}`);
  mkdirSync(path);
  const source = new Source(path);
  source.git("init", "-q", "--template=", "-b", "main");
  await source.commit({ "a.ts": `export const ${name} = 1;\n`, ".github/workflows/t.yml": "on: push\njobs: {}\n" }, "first");
  source.git("switch", "-qc", "change");
  const head = await source.commit({ ".github/workflows/t.yml": "on: push\njobs: {a: {}}\n" }, message);
  giveToUser(path, CI_USER);
  const ran = await as(CI_USER, ["gate", path, "--target", "main", "--json"]);
  if (ran.code !== 3) throw new Error(`expected a hold: ${ran.code} ${ran.stdout} ${ran.stderr}`);
  return { head, path };
}

beforeAll(async () => {
  if (skipped) return;
  world = new World();
  keys = new KeyRing();
  const [carol, dave] = [keys.make("carol"), keys.make("dave")];
  users = new Users(world, [CI_USER, ALICE]);
  const config = world.path("maestrod.yaml");
  writeFileSync(config, `version: 1
trust_domain: ci.example.org
modes: [local]
tenants: [{ id: ci, uids: [${CI_USER}] }]
sockets:
  - { path: ${users.socket_path}, role: gate, mode: "0666" }
  - { path: ${world.socket_path}, role: admin }
people:
  - { id: alice, uids: [${ALICE}], may: [approve, override] }
  - { id: carol, ssh_keys: ["${carol}"], presence: passphrase, may: [approve] }
  - { id: dave, ssh_keys: ["${dave}"], presence: confirm, may: [approve] }
`, { mode: 0o644 });
  daemon = await world.daemon(["--config", config]);
});
afterAll(async () => {
  if (skipped) return;
  await world.dispose();
  keys[Symbol.dispose]();
});

describe.skipIf(skipped)("maestro approve", () => {
  test("a person by their own user: the new card, exit 0, evidence that names them; the agent's user cannot", async () => {
    const { head } = await held("one");
    const refused = await as(CI_USER, ["approve", head.slice(0, 12), "--reason", "mine"]);
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining("release.denied")]);
    const ran = await as(ALICE, ["approve", head.slice(0, 12), "--reason", "read it"]);
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining("approved by alice")]);
    expect(ran.stderr).toContain("releases ci.changed (hold");
    const bundles = world.path(`home-${ALICE}/state/maestro/bundles`);
    const bundle = readdirSync(bundles).find((file) => file.endsWith(".json"))!;
    const verified = await as(ALICE, ["verify", join(bundles, bundle), "--trust", copyOfTrust()]);
    expect([verified.code, unfolded(verified).stdout]).toEqual([0, expect.stringMatching(/approved by alice \(ci\.changed\) at .*proved by user, log \d+: read it/)]);
    // For an auditor the release itself goes along, with the attempt that it released.
    const file = world.path(`home-${CI_USER}/evidence.json`);
    expect((await as(CI_USER, ["bundle", head.slice(0, 12), "--out", file])).stderr).toContain("check it elsewhere");
    expect(oneDocument(await as(CI_USER, ["verify", file, "--trust", copyOfTrust(), "--json"]))).toMatchObject({ result: "verified", earlier: [{ verdict: "hold" }], releases: [{ kind: "approve", person: "alice" }], left_out: [] });
  });

  test("by a key that asks for its owner, from the agent's own user; one without a passphrase asks nobody and is not used", async () => {
    const { head } = await held("two");
    const bare = await as(CI_USER, ["approve", head, "--reason", "mine", "--key", await users.give(CI_USER, keys.folder, "carol", "")]);
    expect([bare.code, bare.stderr]).toEqual([2, expect.stringContaining("has no passphrase")]);
    const ran = await as(CI_USER, ["approve", head, "--reason", "touched", "--key", await users.give(CI_USER, keys.folder, "carol"), "--json"]);
    expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining("your key is asked to sign")]);
    expect((oneDocument(ran) as GateDocument).card.releases).toMatchObject([{ person: "carol", proof: "ssh-key" }]);
  });

  test("by a key in a real ssh-agent that asks before each use (ssh-add -c): refused there, nothing is released; confirmed, it is", async () => {
    const { head } = await held("confirmed");
    const key = await users.give(CI_USER, keys.folder, "dave", "");
    const asked = join(users.home(CI_USER), "asked");
    for (const [answer, exit] of [["no", 1], ["yes", 0]] as const) {
      const confirm = users.asking(answer, `printf '%s\\n' "$1" >> ${asked}; exit ${exit}`);
      await using agent = await SshAgent.start(CI_USER, join(users.home(CI_USER), `agent-${answer}`), { SSH_ASKPASS: confirm, SSH_ASKPASS_REQUIRE: "force" });
      agent.add(key, "-c");
      const before = (await world.status()).log.size;
      const ran = await as(CI_USER, ["approve", head, "--reason", "read it", "--agent", "--json"], [], { SSH_AUTH_SOCK: agent.socket });
      if (exit === 1) expect([ran.code, oneDocument(ran), (await world.status()).log.size]).toMatchObject([2, { code: "cli.usage", detail: expect.stringContaining("signed nothing") }, before]);
      else expect([ran.code, (oneDocument(ran) as GateDocument).card.releases]).toMatchObject([0, [{ person: "dave", proof: "ssh-key" }]]);
    }
    // Each time the agent itself put the question, which names the key.
    expect(readFileSync(asked, "utf8").match(/Allow use of key/g)).toHaveLength(2);
  });

  test("an agent whose question nobody can see refuses by itself, and without an agent the command says what is missing", async () => {
    const { head } = await held("unseen");
    await using agent = await SshAgent.start(CI_USER, join(users.home(CI_USER), "agent-unseen"), {});
    agent.add(await users.give(CI_USER, keys.folder, "dave", ""), "-c");
    const unseen = await as(CI_USER, ["approve", head, "--reason", "read it", "--agent"], [], { SSH_AUTH_SOCK: agent.socket });
    expect([unseen.code, unseen.stderr]).toEqual([2, expect.stringContaining("agent refused operation")]);
    const none = await as(CI_USER, ["approve", head, "--reason", "read it", "--agent"]);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining("the agent holds no key")]);
  });

  test("agent among parents: refused by name", async () => {
    const { head } = await held("three");
    const shim = world.path("claude");
    writeFileSync(shim, '#!/bin/bash\n"$@"\nexit $?\n', { mode: 0o755 });
    const ran = await as(ALICE, ["approve", head, "--reason", "x"], [shim]);
    expect([ran.code, ran.stderr]).toEqual([4, expect.stringContaining("claude is among the processes")]);
  });

  test("override is told where an operator looks; simulate exits 0 and says what it is", async () => {
    const { head } = await held("four");
    const simulated = await as(ALICE, ["simulate", head, "--approve", "alice"]);
    expect([simulated.code, simulated.stdout.startsWith("SIMULATION"), simulated.stdout.includes("ADMIT")]).toEqual([0, true, true]);
    expect((await as(ALICE, ["simulate", head, "--exit-code"])).code).toBe(3);
    const ran = await as(ALICE, ["override", head, "--reason", "site down", "--expires", "1h", "--json"]);
    expect([ran.code, (oneDocument(ran) as GateDocument).card.releases?.[0]]).toMatchObject([0, { kind: "override", person: "alice" }]);
    const { daemon: running }: StatusReply = await world.status();
    expect(running.state).toBe("ready");
    // What was overridden did not stand, and what came of it is a decision of its own: both are written down after their answers.
    const decided = async (): Promise<(readonly [string, number | undefined | null])[]> => (await world.client.episodes("gate", "all", "0")).episodes.map(({ executed, outcome }) => [executed, outcome?.reward] as const);
    await until(async () => (await decided()).some(([, reward]) => reward === 0));
    expect((await decided()).slice(-2)).toEqual([["hold", 0], ["admit", undefined]]);
    daemon.kill("SIGTERM");
    const log = await new Response(daemon.stdout).text();
    const line = log.split("\n").find((one) => one.includes("broke the glass"));
    expect(JSON.parse(line ?? "{}")).toMatchObject({ level: 50, kind: "override", person: "alice", reason: "site down" });
  });
});

/** The node's trust file, where everybody may read it. */
function copyOfTrust(): string {
  const path = world.path("trust-copy.json");
  Bun.spawnSync(["cp", join(world.state_dir, "trust.json"), path]);
  chmodSync(path, 0o644);
  return path;
}
