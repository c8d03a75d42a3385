/** docs/first-invariant.md, typed by somebody who believes it: its files and its commands, in its order; and the demo that plays it. */
import { afterAll, expect } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Rig } from "../daemon/analysis/properties/testing/rig.ts";
import { STEPS } from "../daemon/e2e/testing/first-invariant.ts";
import { World, type Ran } from "../daemon/e2e/testing/world.ts";
import { CLI } from "../daemon/testing/programs.ts";
import { accepts } from "./rig/accepts.ts";
import { found, missing } from "./rig/built.ts";

/** What is refused or held, of all that is typed. */
const EXPECTED: Readonly<Record<string, readonly number[]>> = { "maestro invariants check": [0, 1], "maestro gate --target main --out overdraft.json": [1], "maestro gate --target main": [3] };

const rig = new Rig();
const tier = await rig.sandbox.tier("bwrap");
const bwrap = tier.usable ? found("bubblewrap", tier.version, "bwrap") : missing("bubblewrap", tier.because);
const world = new World();
afterAll(async () => {
  await world.dispose();
  await rig.close();
});

accepts(bwrap, "every command of the page ends as the page says", async () => {
  const folder = world.path("shop");
  mkdirSync(world.path("bin"));
  mkdirSync(folder);
  writeFileSync(world.path("bin/maestro"), `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`, { mode: 0o755 });
  const env = { HOME: world.home, XDG_STATE_HOME: world.path("state"), MAESTRO_CONFIG: world.path("none.yaml"), LANG: "C.UTF-8", PATH: `${world.path("bin")}:/usr/local/bin:/usr/bin:/bin`, GIT_CONFIG_COUNT: "2", GIT_CONFIG_KEY_0: "user.name", GIT_CONFIG_VALUE_0: "Ada", GIT_CONFIG_KEY_1: "user.email", GIT_CONFIG_VALUE_1: "ada@example.org" };
  const typed = async (command: string): Promise<Ran> => {
    const child = Bun.spawn(["sh", "-c", command], { cwd: folder, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    return { code, stdout, stderr };
  };
  expect((await typed("git init -q -b main")).code).toBe(0);
  const seen = new Map<string, number[]>();
  const said = new Map<string, string>();
  for (const step of STEPS) {
    if ("path" in step) {
      mkdirSync(dirname(join(folder, step.path)), { recursive: true });
      writeFileSync(join(folder, step.path), step.text);
      continue;
    }
    const { code, stdout, stderr } = await typed(step.command);
    seen.set(step.command, [...(seen.get(step.command) ?? []), code]);
    said.set(step.command, stdout + stderr);
  }
  expect(Object.fromEntries(seen)).toEqual(Object.fromEntries([...seen].map(([command]) => [command, [...(EXPECTED[command] ?? [0])]])));
  expect(said.get("maestro gate --target main --out overdraft.json")).toMatch(/invariant\.violated[^]*spend\(\{"amount":[0-9]+\}\)[^]*balance = -[^]*maestro invariants test wallet/);
  expect(said.get("maestro cex show overdraft.json --itf")).toContain('"format":"ITF"');
  expect(said.get("maestro gate --target main")).toContain("invariant.weakened");
});

accepts(bwrap, "maestro demo invariant goes as it is told", async () => {
  const { code, stdout } = await world.run(["demo", "invariant"], { cwd: world.home });
  expect([code, stdout]).toEqual([0, expect.stringContaining("All as told")]);
  expect(stdout).toMatch(/REFUSE [^]*spend\(\{"amount":[0-9]+\}\)[^]*ADMIT [^]*VERIFIED offline {2}ADMIT/);
});
