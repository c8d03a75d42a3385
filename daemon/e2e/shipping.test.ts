/** From admitted changes to a released artifact, through the command line. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newRing } from "../testing/evidence.ts";
import { World } from "./testing/world.ts";

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.dispose());

test("release: an admitted squash, and what a policy asks of it; a commit that nobody gated is named. How else changes land: daemon/shipping/landed.test.ts", async () => {
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
  const artifact = join(world.home, "app.tar");
  writeFileSync(artifact, "what was built");
  const release = (range: string, ...more: string[]) => world.run(["release", artifact, "--changes", range, "--repo", source.path, "--target", main, "--embedded", ...more]);
  const released = await release(`${from}..${main}`, "--json");
  expect([released.code, released.stderr]).toEqual([0, expect.any(String)]);
  const { statement } = JSON.parse(released.stdout) as { statement: { predicate: { steps: { how: string }[] } } };
  expect(statement.predicate.steps.map(({ how }) => how)).toEqual(["squash"]);
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
  for (const [rules, code] of [[{}, "trust.self_made"], [{ ...LOCAL, witnesses_min: 1 }, "witnesses"]] as const) {
    expect(await deployed(rules)).toMatchObject({ code: 1, stdout: expect.stringContaining(`"${code}"`) });
  }
  // The operator's trust file, which knows nothing of a node that wrote its own.
  const operators = join(world.home, "operators.json");
  writeFileSync(operators, newRing().trust);
  expect(await world.run(["verify-deploy", artifact, "--policy", policy, "--trust", operators])).toMatchObject({ code: 3, stdout: expect.stringContaining("UNKNOWN SIGNER") });
  expect(await deployed({ ...LOCAL, wanted: "mistyped" })).toMatchObject({ code: 2, stderr: expect.stringContaining("config.unknown_key") });
  writeFileSync(policy, JSON.stringify({ version: 1, repositories: [repository], ...LOCAL }));
  const reassessed = (...where: string[]) => world.run(["reassess", ...where, "--policy", policy, "--trust", trust, "--json"]);
  expect(await reassessed()).toMatchObject({ code: 0, stdout: expect.stringContaining('"would_ship":1') });
  writeFileSync(policy, JSON.stringify({ version: 1, repositories: [repository], ...LOCAL, verified_levels: ["MAESTRO_GATE_HOST"] }));
  for (const where of [[], [`${artifact}.evidence`]]) expect(await reassessed(...where)).toMatchObject({ code: 1, stdout: expect.stringContaining('"level":1') });
  const again = await world.run(["release", (JSON.parse(released.stdout) as { shipment_id: string }).shipment_id, "--out", join(world.home, "again")]);
  expect([again.code, existsSync(join(world.home, "again/app.tar.shipment.sigstore.json"))]).toEqual([0, true]);
  const bare = await source.commit({ "four.ts": "export const four = 4;\n" }, "nobody gated this");
  const refused = await release(`${from}..${main}`);
  expect([refused.code, refused.stdout]).toEqual([1, expect.stringContaining(bare)]);
  expect(refused.stdout.match(/^ {2}[0-9a-f]{40}/gm)).toHaveLength(1);
}, 120_000);
