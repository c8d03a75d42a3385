/** One test of each tier that must fail: a harness that lets it pass is dead. */
import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./sources.ts";

const CANARIES: Readonly<Record<string, string>> = {
  "unit.canary.ts": "1 fail",
  "empty.canary.ts": "1 fail",
  "property.canary.ts": "{ seed: ",
  "conformance.canary.ts": "1 fail",
  "crash.canary.ts": "",
  "load.canary.ts": "this file does not load",
};

function run(file: string) {
  return Bun.spawnSync([process.execPath, "test", file], { cwd: ROOT, stdout: "pipe", stderr: "pipe", env: { ...Bun.env, NO_COLOR: "1" } });
}

describe("canaries", () => {
  test("each of them has a row", () => {
    expect(readdirSync(join(import.meta.dir, "canary")).sort()).toEqual(Object.keys(CANARIES).sort());
  });

  for (const [file, says] of Object.entries(CANARIES)) {
    test(`${file} fails`, () => {
      const { exitCode, stdout, stderr } = run(`./daemon/house/canary/${file}`);
      expect(exitCode).not.toBe(0);
      expect(`${stdout.toString()}${stderr.toString()}`).toContain(says);
    });
  }

  test("and a sound file run the same way passes", () => {
    expect(run("./proto/suggest.test.ts").exitCode).toBe(0);
  });
});
