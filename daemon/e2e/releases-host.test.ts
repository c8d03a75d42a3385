/** A hold of mode host or fork, released by a person's key: the base is the operator's remote's, and so is what a moved target asks anew. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync } from "node:fs";
import { KeyRing } from "../testing/ssh.ts";
import { Operated, ROW } from "./testing/operated.ts";
import { CI_USER, giveToUser, skippedWithoutUsers, Users } from "./testing/users.ts";
import { decisive, type GateDocument, oneDocument } from "./testing/world.ts";

setDefaultTimeout(60_000);
const skipped = skippedWithoutUsers();

let keys: KeyRing;
let operated: Operated;
let users: Users;
let key: string;
beforeAll(async () => {
  if (skipped) return;
  keys = new KeyRing();
  const carol = keys.make("carol");
  operated = await Operated.start({
    more: (world) => {
      users = new Users(world, [CI_USER]);
      return `tenants: [{ id: ci, uids: [${CI_USER}], repositories: ["${ROW}"] }]
sockets:
  - { path: ${users.socket_path}, role: gate, mode: "0666" }
  - { path: ${world.socket_path}, role: admin }
people:
  - { id: carol, ssh_keys: ["${carol}"], presence: passphrase, may: [approve] }
`;
    },
  });
  key = await users.give(CI_USER, keys.folder, "carol");
  chmodSync(operated.world.path("trust.json"), 0o644);
});
afterAll(async () => {
  if (skipped) return;
  await operated[Symbol.asyncDispose]();
  keys[Symbol.dispose]();
});

interface Change {
  readonly path: string;
  readonly head: string;
}

/** A job's clone with a change of a workflow, which holds. */
async function change(name: string, more: Record<string, string> = {}): Promise<Change> {
  const clone = await operated.clone(name, { ".github/workflows/t.yml": `on: push\njobs: {${name}: {}}\n`, ...more });
  const head = clone.git("rev-parse", "HEAD");
  giveToUser(clone.path, CI_USER);
  return { path: clone.path, head };
}

async function told(...args: readonly string[]): Promise<GateDocument & { readonly code: number }> {
  const ran = await users.run(CI_USER, [...args, "--json"]);
  return { ...(oneDocument(ran) as GateDocument), code: ran.code };
}
const gate = ({ path }: Change, ...args: readonly string[]) => told("gate", path, "--target", "origin/main", ...args);
const approve = (name: string) => told("approve", name, "--reason", "read it", "--key", key);

describe.skipIf(skipped)("a hold", () => {
  test("of mode host is released, and the operator's trust file alone verifies it", async () => {
    const one = await change("host");
    const first = await gate(one);
    expect([first.code, first.card.mode, decisive(first)]).toEqual([3, "host", ["ci.changed"]]);
    const released = await approve(one.head);
    expect([released.code, released.card.mode, released.card.repository, released.card.releases]).toEqual([0, "host", ROW, [expect.objectContaining({ person: "carol", proof: "ssh-key" })]]);
    const verified = oneDocument(await users.run(CI_USER, ["verify", released.bundle, "--trust", operated.world.path("trust.json"), "--json"]));
    expect(verified).toMatchObject({ result: "verified", signer: { self_made: false }, statement: { predicate: { mode: "host", verdict: "admit" } } });
  });

  test("that was released stays so when the remote's target moves; what the target asks anew holds the same head", async () => {
    const one = await change("moved", { "test/a.test.ts": `test.skip("reads", () => expect(1).toBe(1));\n` });
    expect([(await gate(one)).code, (await approve(one.head)).code]).toEqual([3, 0]);
    await operated.land({ "src/elsewhere.ts": "export const e = 1;\n" });
    expect((await gate(one)).code).toBe(0);
    await operated.land({ "maestro.yaml": "version: 1\nrules:\n  test.skipped: {agent: refuse, human: refuse, unknown: refuse}\n" });
    const asked = await gate(one);
    expect([asked.code, decisive(asked)]).toEqual([1, ["test.skipped"]]);
    await operated.land({ "maestro.yaml": "version: 1\n" });
  });

  test("of mode fork is released by its bundle, and the release stands for the same head in mode host, where it is named", async () => {
    const one = await change("forked");
    const fork = await gate(one, "--fork");
    expect([fork.code, fork.card.mode, decisive(fork)]).toEqual([3, "fork", ["ci.changed"]]);
    const released = await approve(fork.bundle);
    expect([released.code, released.card.mode, released.card.releases]).toEqual([0, "fork", [expect.objectContaining({ person: "carol" })]]);
    const host = await gate(one);
    expect([host.code, host.card.mode, host.card.releases?.map(({ person, rules }) => [person, rules])]).toEqual([0, "host", [["carol", ["ci.changed"]]]]);
  });
});
