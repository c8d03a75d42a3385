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
