/** A state folder that was copied with its keys, under the real daemon: two of them never sign with one key unless somebody said that one is gone. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { EXIT } from "../../proto/errors.ts";
import { World } from "./testing/world.ts";

setDefaultTimeout(120_000);
let world: World;
let origin: string;
beforeAll(async () => {
  world = new World();
  await world.daemon();
  origin = originIn(world.state_dir);
  await world.run(["stop"]);
});
afterAll(() => world.dispose());

/** Of the log that the folder's daemon shows to others. */
const originIn = (folder: string): string => readFileSync(join(folder, "log/log.vkey"), "utf8").split("+")[0] ?? "";
const stateAt = (folder: string): string[] => ["--state", folder, "--socket", join(folder, "s")];
function copied(name: string): string {
  cpSync(world.state_dir, world.path(name), { recursive: true });
  return world.path(name);
}

/** The origin that a daemon on this folder serves, or what it says instead. */
async function started(folder: string): Promise<string> {
  const daemon = world.spawnDaemon(["--embedded", ...stateAt(folder)]);
  const said = new Response(daemon.stderr).text();
  const ended = daemon.exited.then(async (code) => `${code} ${/\(([a-z._]+)\)\n$/.exec(await said)?.[1] ?? ""}`);
  const reader = daemon.stdout.getReader();
  const ready = (async () => {
    let text = "";
    while (!text.includes('"ready"')) {
      const { done, value } = await reader.read();
      if (done) return ended;
      text += Buffer.from(value).toString();
    }
    return originIn(folder);
  })();
  const seen = await ready;
  daemon.kill("SIGTERM");
  await daemon.exited;
  return seen;
}

test("attack: a copy on the same machine is started: refused with what to say, also once the original is gone; a clone signs its own log, and what only moved goes on with its own", async () => {
  const [clone, moved] = [copied("clone"), copied("moved")];
  expect(await started(clone)).toBe(`${EXIT.unavailable} store.copied`);
  const said = await world.run(["clone-identity", "--state", clone]);
  expect(said.code).toBe(EXIT.admit);
  const own = await started(clone);
  expect([own === origin, own.startsWith("log.")]).toEqual([false, true]);

  renameSync(world.state_dir, world.path("renamed"));
  expect(await started(world.path("renamed"))).toBe(origin);
  expect(await started(moved)).toBe(`${EXIT.unavailable} store.copied`);
  expect((await world.run(["clone-identity", "--moved", "--state", moved])).stdout).toContain(origin);
  expect(await started(moved)).toBe(origin);
});
