/** Without any network: the daemon in a namespace that has no interface, watched for sockets that are not Unix sockets. */
import { afterAll, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { skipWithout } from "../testing/skip.ts";
import { countSockets, readSockets, straceSockets } from "../testing/sockets.ts";
import { until, World } from "./testing/world.ts";

const MAESTROD = join(import.meta.dir, "../main.ts");
const tools = ["/usr/bin/strace", "/usr/bin/unshare"].every((path) => existsSync(path));
const isolates = tools && Bun.spawnSync(["unshare", "-rn", "true"]).exitCode === 0;
const skip = skipWithout(isolates, "the sealed run needs strace and an unprivileged network namespace (Debian: strace, util-linux)");

const world = new World();
afterAll(() => world.dispose());

/** `unshare -n` as root keeps the user the daemon runs as; otherwise a user namespace has to come with it. */
const isolated = process.getuid?.() === 0 ? ["unshare", "-n"] : ["unshare", "-rn"];
const environment = { HOME: world.home, XDG_STATE_HOME: world.path("state"), PATH: "/usr/local/bin:/usr/bin:/bin" };

test.skipIf(skip)("gates, replays and verifies with no interface at all, and no process of the daemon opens a socket but Unix ones", async () => {
  const record = world.path("sockets");
  const argv = [...isolated, ...straceSockets(record), process.execPath, MAESTROD, "--embedded", "--state", world.state_dir, "--socket", world.socket_path];
  const daemon = Bun.spawn(argv, { cwd: "/", env: environment, stdout: "ignore", stderr: "inherit" });
  await until(() => world.client.answers());
  const repository = await world.changed({}, { "src/a.ts": "export const a = 2;\n" });
  const judged = await world.judged(repository);
  expect([judged.code, judged.verdict]).toEqual([0, "admit"]);
  expect((await world.run(["verify", judged.bundle, "--state", world.state_dir])).code).toBe(0);
  expect((await world.run(["replay", repository.path, "--embedded", "--last", "1"])).code).toBe(0);
  await world.client.stop();
  expect(await daemon.exited).toBe(0);
  const calls = readSockets(readFileSync(record, "utf8"));
  const counts = countSockets(calls);
  // Without its own Unix sockets in it, the record would be one of nothing.
  expect(counts["maestrod"]?.["AF_UNIX"] ?? 0).toBeGreaterThan(1);
  expect(calls.filter(({ family }) => family !== "AF_UNIX")).toEqual([]);
}, 120_000);

test.skipIf(skip)("canary: a program that asks for the network is seen by the same reader, and gets nowhere", async () => {
  const record = world.path("canary");
  const program = 'await fetch("http://127.0.0.1:9/").then(() => process.exit(0), () => process.exit(7));';
  const ran = Bun.spawnSync([...isolated, ...straceSockets(record), process.execPath, "-e", program], { env: environment });
  expect(ran.exitCode).toBe(7);
  expect(readSockets(readFileSync(record, "utf8")).map(({ family }) => family)).toContain("AF_INET");
});
