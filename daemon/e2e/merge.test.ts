/** What lands after an admit, through the command line: found by content, by gate, from a file with no daemon; a group of a merge queue. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { World } from "./testing/world.ts";

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.dispose());

test("verify-merge: the squash of an admitted change, with the daemon and without; an evil one; a forged bundle", async () => {
  const source = await world.repository();
  await source.commit({ "a.ts": "export const a = 1;\n" });
  const base = source.git("rev-parse", "HEAD");
  source.git("checkout", "-q", "-b", "change");
  await source.commit({ "b.ts": "export const b = 2;\n" });
  const gated = await world.judged(source, ["--target", base]);
  expect(gated.verdict).toBe("admit");
  source.git("checkout", "-q", "--detach", base);
  source.git("merge", "-q", "--squash", "change");
  source.git("commit", "-q", "-m", "squash");
  const landed = source.git("rev-parse", "HEAD");
  const found = await world.run(["verify-merge", landed, source.path, "--json"]);
  expect([found.code, JSON.parse(found.stdout)]).toMatchObject([0, { result: "as_admitted", how: "squash", gate_id: gated.gate_id }]);
  expect((await world.run(["verify-merge", landed, source.path, "--gate", gated.gate_id])).stdout).toContain("AS ADMITTED");
  const bundle = join(world.home, "admit.json");
  const trust = join(world.home, "operator-trust.json");
  copyFileSync(gated.bundle, bundle);
  copyFileSync((await world.status()).trust_path, trust);
  expect((await world.run(["stop"])).code).toBe(0);
  expect((await world.run(["verify-merge", landed, source.path, "--bundle", bundle, "--trust", trust])).code).toBe(0);
  const evil = await source.commit({ "keep.ts": "evil();\n" });
  source.git("reset", "-q", "--soft", base);
  source.git("commit", "-q", "-m", "evil squash");
  const said = await world.run(["verify-merge", "HEAD", source.path, "--bundle", bundle, "--trust", trust]);
  expect([said.code, said.stdout]).toEqual([1, expect.stringContaining("keep.ts")]);
  const text = await Bun.file(bundle).text();
  writeFileSync(bundle, text.replace(/"attempt":1/, '"attempt":2'));
  expect([(await world.run(["verify-merge", landed, source.path, "--bundle", bundle, "--trust", trust])).code, evil.length]).toEqual([1, 40]);
}, 120_000);

test("gate --merge-group: a group in a queue names the entry that breaks it, says so for entries ahead, and re-uses what the change alone was asked", async () => {
  const source = await world.repository({ "src/a.ts": "export const a = 1;\n" });
  const base = source.git("rev-parse", "HEAD");
  source.git("checkout", "-q", "-b", "one");
  const alone = await source.commit({ "src/one.ts": "export const one = 1;\n" }, "one");
  const first = await world.judged(source, ["--target", base, "--head", alone]);
  expect(first.verdict).toBe("admit");
  source.git("checkout", "-q", "-b", "queue", base);
  source.git("merge", "-q", "--no-ff", "-m", "Merge pull request #1", "one");
  const group_one = source.git("rev-parse", "HEAD");
  const event = (base_sha: string, head_sha: string): Record<string, string> => {
    const path = join(world.home, `event-${head_sha.slice(0, 8)}.json`);
    writeFileSync(path, JSON.stringify({ action: "checks_requested", merge_group: { head_sha, base_sha, base_ref: "refs/heads/main" }, repository: { full_name: "a/b", default_branch: "main" } }));
    return { CI: "true", GITHUB_ACTIONS: "true", GITHUB_EVENT_NAME: "merge_group", GITHUB_EVENT_PATH: path };
  };
  const group = async (base_sha: string, head_sha: string) => {
    const ran = await world.run(["gate", "--embedded", "--merge-group", "--annotations", "none", "--json"], { cwd: source.path, env: event(base_sha, head_sha) });
    return { code: ran.code, document: JSON.parse(ran.stdout) };
  };
  // The change alone in its group: the same files, so only what reads the commits is asked again.
  const in_queue = await group(base, group_one);
  expect([in_queue.code, in_queue.document.group.members.map(({ subject }: { subject: string }) => subject)]).toEqual([0, ["Merge pull request #1"]]);
  expect(in_queue.document.card.checks.find(({ check }: { check: string }) => check === "text").reused).toEqual({ gate_id: first.gate_id, attempt: 1 });
  const bad = await source.commit({ "src/bad.ts": "x();\n<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n" }, "Merge pull request #2");
  const good = await source.commit({ "src/good.ts": "export const good = 1;\n" }, "Merge pull request #3");
  const both = await group(base, good);
  expect(both.code).toBe(1);
  expect(both.document.group.members.map(({ commit, rules }: { commit: string; rules: { rule: string; paths: string[] }[] }) => [commit, rules.map(({ rule, paths }) => [rule, ...paths])])).toEqual([
    [group_one, []],
    [bad, [["merge.conflict-marker", "src/bad.ts"]]],
    [good, []],
  ]);
  const last = await group(bad, good);
  expect([last.code, last.document.verdict]).toEqual([0, "admit"]);
  const text = await world.run(["gate", source.path, "--embedded", "--merge-group", "--target", base, "--head", good]);
  expect(text.stdout).toContain(`2 of 3  REFUSES  ${bad.slice(0, 12)}`);
  expect((await world.run(["gate", source.path, "--embedded", "--merge-group"])).code).toBe(2);
}, 120_000);
