import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import { scratch, type Scratch } from "../platform/socket/testing/raw.ts";
import { connect, connectOrStart, locate } from "./connect.ts";

const NAMES = ["CI", "HOME", "MAESTRO_STATE", "MAESTRO_SOCKET", "MAESTRO_CONFIG", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"];
let before: Record<string, string | undefined>;
let dir: Scratch;
beforeEach(() => {
  before = Object.fromEntries(NAMES.map((name) => [name, process.env[name]]));
  for (const name of NAMES) delete process.env[name];
  dir = scratch();
  process.env["HOME"] = dir.path("home");
  process.env["MAESTRO_CONFIG"] = dir.path("none.yaml");
});
afterEach(() => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  dir.remove();
});

const failure = async (work: Promise<unknown>): Promise<{ code: string; detail: string }> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof MaestroError) return { code: error.code, detail: error.detail };
    throw error;
  }
  return { code: "none", detail: "" };
};

test("options win over the environment, which wins over the home folder", () => {
  expect(locate({}).state_dir).toBe(dir.path("home/.local/state/maestro"));
  process.env["MAESTRO_STATE"] = "/from/environment";
  expect(locate({})).toMatchObject({ state_dir: "/from/environment", socket_path: "/from/environment/maestrod.sock" });
  expect(locate({ state: "/from/option", socket: "/s" })).toMatchObject({ state_dir: "/from/option", socket_path: "/s", trust_path: "/from/option/trust.json" });
});

test("connecting starts nothing", async () => {
  const { client } = connect({ state: dir.path("state"), socket: dir.path("s") });
  expect(await client.answers()).toBe(false);
  expect(existsSync(dir.path("state"))).toBe(false);
});

test("in CI, or beside a host configuration, no daemon that signs for itself is started unasked", async () => {
  const values = { state: dir.path("state"), socket: dir.path("s") };
  process.env["CI"] = "true";
  expect(await failure(connectOrStart(values))).toMatchObject({ code: "daemon.unreachable", detail: expect.stringContaining("--embedded by name") });
  delete process.env["CI"];
  writeFileSync(dir.path("none.yaml"), "version: 1\n");
  expect((await failure(connectOrStart(values))).code).toBe("daemon.unreachable");
  expect(existsSync(dir.path("state"))).toBe(false);
});

test("a state folder that cannot be made is a failure with advice, by the command line and by the daemon", async () => {
  writeFileSync(dir.path("file"), "");
  const state = dir.path("file/state");
  expect(await failure(connectOrStart({ state, socket: dir.path("s"), embedded: true }))).toMatchObject({ code: "store.folder", detail: expect.stringContaining(state) });
  const daemon = Bun.spawn([process.execPath, join(import.meta.dir, "../main.ts"), "--embedded", "--state", state, "--socket", dir.path("s")], { stdio: ["ignore", "ignore", "pipe"] });
  expect([await daemon.exited, await new Response(daemon.stderr).text()]).toEqual([69, expect.stringMatching(/^maestrod: .*\(store\.folder\)\n$/)]);
});

test("a private daemon that says itself why it cannot start is reported in its words and under its code", async () => {
  mkdirSync(dir.path("later/db"), { recursive: true, mode: 0o700 });
  writeFileSync(dir.path("later/db/schema"), "999\n");
  const { code, detail } = await failure(connectOrStart({ state: dir.path("later"), socket: dir.path("s"), embedded: true }));
  expect([code, detail]).toEqual(["store.schema", expect.stringMatching(/999.*; see .*later\/maestrod\.log$/s)]);
}, 120_000);

test("a private daemon that cannot start is reported with its exit code, its reason and its log, at once", async () => {
  mkdirSync(dir.path("state"));
  writeFileSync(dir.path("state/repositories"), "a file where a folder belongs");
  writeFileSync(dir.path("state/db"), "another");
  writeFileSync(dir.path("state/maestrod.log"), "maestrod: what an earlier one said\n", { mode: 0o600 });
  const started = performance.now();
  const { code, detail } = await failure(connectOrStart({ state: dir.path("state"), socket: dir.path("s"), embedded: true }));
  expect([code, detail]).toEqual(["daemon.unreachable", expect.stringMatching(/^it ended with exit code \d+: .+; see .*maestrod\.log$/)]);
  expect(performance.now() - started).toBeLessThan(10_000);
  expect(detail).not.toContain("an earlier one");
  const log = detail.slice(detail.lastIndexOf("see ") + 4);
  expect([statSync(log).mode & 0o777, readFileSync(log, "utf8")]).toEqual([0o600, expect.stringContaining("maestrod:")]);
}, 120_000);
