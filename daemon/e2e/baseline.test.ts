/** `maestro baseline` through the command line: adoption, mending, and a gate that holds nobody for what was there. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { World } from "./testing/world.ts";

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.dispose());

test("is made once, shrinks with what is mended, and never grows by itself", async () => {
  const source = await world.repository();
  const file = join(source.path, ".maestro-baseline.json");
  await source.commit({ "a.ts": "debugger;\n", "b.ts": "x();\n  debugger;\n" });
  const kept = () => [source.git("for-each-ref", "--format=%(refname)"), source.git("count-objects")];
  const before = kept();
  expect((await world.run(["baseline", source.path])).stderr).toContain("--create makes it from what is found now");
  const made = await world.run(["baseline", source.path, "--create", "--json"]);
  expect([made.code, JSON.parse(made.stdout)]).toEqual([0, { path: file, listed: 2, taken_out: 0, not_listed: 0 }]);
  // Nothing of what was made for the question is left in the repository.
  expect(kept()).toEqual(before);
  expect((await world.run(["baseline", source.path, "--create"])).code).toBe(2);
  expect((await world.run(["baseline", source.path, "--create"], { env: { CI: "true" } })).code).toBe(2);
  // One is mended, one is new: the file loses the first and does not take in the second.
  await source.commit({ "b.ts": "x();\n", "c.ts": "debugger;\n" });
  const later = await world.run(["baseline", source.path, "--json"]);
  expect(JSON.parse(later.stdout)).toEqual({ path: file, listed: 1, taken_out: 1, not_listed: 1 });
  expect(readFileSync(file, "utf8")).toContain('"path":"a.ts"');
  expect(readFileSync(file, "utf8")).not.toContain('"path":"c.ts"');

}, 120_000);

test("config --path says what speaks of one file, and names a folder that loosens", async () => {
  const source = await world.repository();
  const waiver = "waivers: [{ rule: code.debugger, paths: [card], owner: Ada, reason: a tutorial, until: 2030-01-01 }]";
  await source.commit({ "maestro.yaml": "version: 1\nrules: { test.skipped: { bot: hold } }\n", "pay/maestro.yaml": `version: 1\nthresholds: { size_lines_max: 200 }\n${waiver}\n`, "free/maestro.yaml": "version: 1\nrules: { test.skipped: { bot: note } }\n" });
  const asked = (path: string) => world.run(["config", "--path", path, "--json"], { cwd: source.path });
  const inside = JSON.parse((await asked("pay/card/a.ts")).stdout) as Record<string, string>;
  expect([inside["thresholds.size_lines_max"], inside["rules.test.skipped.bot"], Object.keys(inside).includes("waivers.code.debugger")]).toEqual(["200", '"hold"', true]);
  const outside = JSON.parse((await asked("src/a.ts")).stdout) as Record<string, string>;
  expect([outside["thresholds.size_lines_max"], Object.keys(outside).includes("waivers.code.debugger")]).toEqual(["800", false]);
  const loose = await asked("free/a.ts");
  expect([loose.code === 0, loose.stderr]).toEqual([false, expect.stringContaining("free/maestro.yaml: rules.test.skipped.bot: note is looser than the root's hold")]);
  expect((await asked("../a.ts")).code).toBe(2);
}, 120_000);
