/** From admitted changes to a released artifact, through the command line. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { World } from "./testing/world.ts";

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.dispose());

test("release: a squash, a merge commit and a fast-forward, each admitted; a commit that nobody gated is named", async () => {
  const source = await world.repository({ "a.ts": "export const a = 1;\n" });
  const from = source.git("rev-parse", "HEAD");
  const main = source.git("rev-parse", "--abbrev-ref", "HEAD");
  const change = async (name: string): Promise<string> => {
    const base = source.git("rev-parse", main);
    source.git("checkout", "-q", "-b", name, base);
    await source.commit({ [`${name}.ts`]: `export const ${name} = 1;\n` }, name);
    expect((await world.judged(source, ["--target", main])).verdict).toBe("admit");
    source.git("checkout", "-q", main);
    return base;
  };
  await change("one");
  source.git("merge", "-q", "--squash", "one");
  source.git("commit", "-q", "-m", "one, squashed");
  await change("two");
  source.git("merge", "-q", "--no-ff", "-m", "merge two", "two");
  await change("three");
  source.git("merge", "-q", "--ff-only", "three");
  const artifact = join(world.home, "app.tar");
  writeFileSync(artifact, "what was built");
  const release = (range: string, ...more: string[]) => world.run(["release", artifact, "--changes", range, "--repo", source.path, "--target", main, "--embedded", ...more]);
  const released = await release(`${from}..${main}`, "--json");
  expect([released.code, released.stderr]).toEqual([0, expect.any(String)]);
  const { statement } = JSON.parse(released.stdout) as { statement: { predicate: { steps: { how: string }[] } } };
  expect(statement.predicate.steps.map(({ how }) => how)).toEqual(["squash", "merge", "fast_forward"]);
  for (const file of ["shipment", "release"]) expect(existsSync(`${artifact}.${file}.sigstore.json`)).toBe(true);
  const trust = join(world.home, "operator-trust.json");
  copyFileSync((await world.status()).trust_path, trust);
  const policy = join(world.home, "deploy.json");
  const repository = (JSON.parse(released.stdout) as { repo_id: string }).repo_id;
  const deployed = (rules: Record<string, unknown>) => {
    writeFileSync(policy, JSON.stringify({ version: 1, repositories: [repository], ...rules }, null, 2));
    return world.run(["verify-deploy", artifact, "--policy", policy, "--trust", trust, "--json"]);
  };
  const LOCAL = { modes: ["local"], self_made_trust: true };
  expect(await deployed(LOCAL)).toMatchObject({ code: 0, stdout: expect.stringContaining('"result":"pass"') });
  for (const [rules, code] of [[{}, "trust.self_made"], [{ ...LOCAL, slsa_level_min: 1 }, "provenance.missing"], [{ ...LOCAL, witnesses_min: 1 }, "witnesses"], [{ ...LOCAL, repositories: ["other"] }, "repository"]] as const) {
    expect(await deployed(rules)).toMatchObject({ code: 1, stdout: expect.stringContaining(`"${code}"`) });
  }
  expect(await deployed({ ...LOCAL, wanted: "mistyped" })).toMatchObject({ code: 2, stderr: expect.stringContaining("config.unknown_key") });
  writeFileSync(policy, JSON.stringify({ version: 1, repositories: [repository], ...LOCAL }));
  const reassessed = (...where: string[]) => world.run(["reassess", ...where, "--policy", policy, "--trust", trust, "--json"]);
  expect(await reassessed()).toMatchObject({ code: 0, stdout: expect.stringContaining('"would_ship":3') });
  writeFileSync(policy, JSON.stringify({ version: 1, repositories: [repository], ...LOCAL, verified_levels: ["MAESTRO_GATE_HOST"] }));
  for (const where of [[], [`${artifact}.evidence`]]) expect(await reassessed(...where)).toMatchObject({ code: 1, stdout: expect.stringContaining('"level":3') });
  const again = await world.run(["release", (JSON.parse(released.stdout) as { shipment_id: string }).shipment_id, "--out", join(world.home, "again")]);
  expect([again.code, existsSync(join(world.home, "again/app.tar.shipment.sigstore.json"))]).toEqual([0, true]);
  const bare = await source.commit({ "four.ts": "export const four = 4;\n" }, "nobody gated this");
  const refused = await release(`${from}..${main}`);
  expect([refused.code, refused.stdout]).toEqual([1, expect.stringContaining(bare)]);
  expect(refused.stdout.match(/^ {2}[0-9a-f]{40}/gm)).toHaveLength(1);
}, 120_000);
