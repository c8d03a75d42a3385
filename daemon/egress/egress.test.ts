/** The helper against real git servers, as the daemon starts it. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { gitDaemon, gitHttp } from "../testing/remotes.ts";
import { FREE, MAIN, Rig } from "./testing/rig.ts";

setDefaultTimeout(120_000);
let rig: Rig;
beforeAll(async () => {
  rig = await Rig.create();
});
afterAll(() => rig[Symbol.asyncDispose]());

/** A clone that is one commit behind, with a change of its own on top. */
async function stale(name: string) {
  const { bare, work, push } = await rig.remote(name);
  const behind = work.git("rev-parse", "HEAD");
  work.git("switch", "-qc", "change");
  const head = await work.commit({ "b.txt": "mine\n" }, "a change");
  work.git("switch", "-q", "main");
  const tip = await work.commit({ "a.txt": "two\n" }, "second");
  push();
  const repository = await rig.scratch.stored(work, [behind, head], `acme/${name}`);
  return { bare, work, push, behind, head, tip, repository };
}

for (const transport of ["git", "http", "file"] as const) {
  test(`over ${transport}: the tip, and what a stale clone did not have, checked and taken in as a client's pack is`, async () => {
    const { bare, behind, head, tip, repository } = await stale(`plain-${transport}`);
    await using server = transport === "git" ? await gitDaemon(rig.served) : transport === "http" ? gitHttp(rig.served) : null;
    const remote = server === null ? `file://${bare}` : `${server.url}/plain-${transport}.git`;
    const { egress, entry } = rig.egress({ remote });
    expect(await egress.tip(entry, MAIN)).toBe(tip);
    const before = await rig.scratch.reader(repository).history.resolveChange(tip, head);
    expect(before).toMatchObject({ known: false, because: "objects_missing" });
    expect(await egress.history(entry, MAIN, tip, { head, have: [behind], object_format: "sha1", receive: rig.receive(repository), ...FREE })).toBe(tip);
    await using reader = rig.scratch.reader(repository);
    expect(await reader.history.resolveChange(tip, head)).toEqual({ known: true, ancestry: "verified-by-hash", kind: "merge", base: behind, target: tip, head });
    expect(readdirSync(join(rig.state_dir, "egress")).sort()).toEqual(["mirrors", "table.yaml"]);
  });
}

test("a head that was merged meanwhile comes with its first parent; a tip the mirror has is not fetched again", async () => {
  const { bare, work, push, behind, head } = await stale("landed");
  work.git("merge", "-q", "--no-ff", "-m", "merge", "change");
  const merged = work.git("rev-parse", "HEAD");
  push();
  const repository = await rig.scratch.store.open("acme/landed-store", "sha1");
  const { egress, entry } = rig.egress({ remote: `file://${bare}` });
  const missing = { head, have: [], object_format: "sha1" as const, receive: rig.receive(repository), ...FREE };
  expect(await egress.history(entry, MAIN, merged, missing)).toBe(merged);
  await using reader = rig.scratch.reader(repository);
  expect(await reader.history.resolveChange(merged, head)).toMatchObject({ known: true, kind: "landed", base: behind });
  work.git("--git-dir", bare, "update-ref", "-d", "refs/heads/main");
  expect(await egress.history(entry, MAIN, merged, missing)).toBe(merged);
});

test("a branch that was rewound or moved on between the two questions: the fetch's own answer counts from then on", async () => {
  const { bare, work, push, head, behind } = await stale("moved");
  const { egress, entry } = rig.egress({ remote: `file://${bare}` }, { tip_ttl_ms: 1_000 });
  const first = await egress.tip(entry, MAIN);
  const second = await work.commit({ "a.txt": "three\n" }, "third");
  push();
  expect(await egress.tip(entry, MAIN)).toBe(first);
  const repository = await rig.scratch.store.open("acme/moved-store", "sha1");
  expect(await egress.history(entry, MAIN, first, { head, have: [behind], object_format: "sha1", receive: rig.receive(repository), ...FREE })).toBe(second);
  expect(await egress.tip(entry, MAIN)).toBe(second);
  work.git("reset", "-q", "--hard", behind);
  push();
  rig.clock.advance(1_001);
  expect(await egress.tip(entry, MAIN)).toBe(behind);
});

test("of many who ask at once one helper asks the remote", async () => {
  await rig.remote("crowd");
  await using server = gitHttp(rig.served);
  const { egress, entry } = rig.egress({ remote: `${server.url}/crowd.git` });
  const tips = await Promise.all(Array.from({ length: 20 }, () => egress.tip(entry, MAIN)));
  expect(new Set(tips).size).toBe(1);
  expect(server.requests.filter((line) => line.startsWith("GET"))).toHaveLength(1);
});

test("attack: two rows share a remote; the one that may name main alone gets nothing of what the other one fetched", async () => {
  const { bare, work, push } = await rig.remote("shared");
  const main = work.git("rev-parse", "HEAD");
  push();
  work.git("switch", "-qc", "release/secret");
  await work.commit({ "secret.txt": "not for main's readers\n" }, "secret one");
  const secret = await work.commit({ "secret.txt": "nor this\n" }, "secret two");
  work.git("push", "-q", "origin", "release/secret");
  const remote = `file://${bare}`;
  const row = { remote, target_refs: [MAIN] };
  const inner = { id: "acme/inner", remote, target_refs: ["refs/heads/release/*"] };
  const outer = { id: "acme/outer", ...row };
  const { egress } = rig.egress(row, {}, { repositories: [inner, outer] });
  const handed = async (entry: typeof inner, ref: string, tip: string): Promise<readonly string[]> => {
    let whole: readonly string[] = [];
    await egress.history(entry, ref, tip, { ...FREE, head: secret, have: [secret], object_format: "sha1", receive: async (body, tips) => {
      for await (const _ of body) whole = tips;
    } });
    return whole;
  };
  expect((await handed(inner, "refs/heads/release/secret", secret)).length).toBeGreaterThan(1);
  expect(await handed(outer, MAIN, main)).toEqual([main]);
});

test("what asking and fetching took of the processor is told to whoever is to pay, once", async () => {
  const { bare, behind, head, tip, repository } = await stale("billed");
  const { egress, entry } = rig.egress({ remote: `file://${bare}` });
  const bills: number[] = [];
  const spent = ({ cpu_us }: { readonly cpu_us: number }): void => void bills.push(cpu_us);
  expect(egress.knows(entry, MAIN)).toBe(false);
  const asked = egress.tip(entry, MAIN, spent);
  expect(egress.knows(entry, MAIN)).toBe(true);
  await asked;
  await egress.tip(entry, MAIN, spent);
  await egress.history(entry, MAIN, tip, { head, have: [behind], object_format: "sha1", receive: rig.receive(repository), tenant: "t", bill: (work) => work(spent) });
  expect(bills).toHaveLength(2);
  for (const cpu_us of bills) expect(cpu_us).toBeGreaterThan(1_000);
  rig.clock.advance(3_600_000);
  expect(egress.knows(entry, MAIN)).toBe(false);
});

test("a SHA-256 repository", async () => {
  const work = rig.scratch.source("sha256-work", "sha256");
  const tip = await work.commit({ "a.txt": "one\n" });
  work.git("clone", "-q", "--bare", ".", join(rig.scratch.root, "sha256.git"));
  const { egress, entry } = rig.egress({ remote: `file://${join(rig.scratch.root, "sha256.git")}` });
  const repository = await rig.scratch.store.open("acme/sha256", "sha256");
  expect(await egress.tip(entry, MAIN)).toBe(tip);
  expect(await egress.history(entry, MAIN, tip, { head: tip, have: [], object_format: "sha256", receive: rig.receive(repository), ...FREE })).toBe(tip);
});
