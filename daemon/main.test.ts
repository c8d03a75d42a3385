/** The real process, injured: what the operator and the next start find afterwards. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { EXIT } from "../proto/errors.ts";
import { MaestroClient } from "./client/maestro.ts";
import { connect, eventually, scratch, type Scratch, untilClosed, untilText } from "./platform/socket/testing/raw.ts";
import { skipWithout } from "./testing/skip.ts";

const MAIN = join(import.meta.dir, "main.ts");
/** A daemon has taken 20 s to start beside 40 others on two processors. */
const START_MS = 60_000;
const SLOW_MS = 120_000;

let dir: Scratch;
let children: Bun.Subprocess<"ignore", "pipe", "pipe">[] = [];
beforeEach(() => {
  dir = scratch();
  mkdirSync(dir.path("state"));
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children.map((child) => child.exited));
  children = [];
  dir.remove();
});

function spawn(socket = "s") {
  const child = Bun.spawn([process.execPath, MAIN, "--embedded", "--state", dir.path("state"), "--socket", dir.path(socket)], { stdio: ["ignore", "pipe", "pipe"], cwd: "/" });
  children.push(child);
  return child;
}

const hasPrlimit = Bun.which("prlimit") !== null;

/** Resolves once a daemon answers; throws where it ends instead. */
async function serving(child: ReturnType<typeof spawn>): Promise<MaestroClient> {
  const client = new MaestroClient(dir.path("s"));
  const ends_ms = performance.now() + START_MS;
  while (!(await client.answers())) {
    if (child.exitCode !== null || performance.now() > ends_ms) throw new Error(`maestrod did not start: ${await new Response(child.stderr).text()}`);
    await Bun.sleep(10);
  }
  return client;
}

async function start() {
  const child = spawn();
  return { child, client: await serving(child) };
}

test("a second daemon on the same state exits 75 naming the first one's pid; the first goes on", async () => {
  const { child, client } = await start();
  const second = spawn("other");
  expect(await second.exited).toBe(EXIT.another_instance);
  expect(await new Response(second.stderr).text()).toContain(`pid ${child.pid} holds`);
  expect(existsSync(dir.path("other"))).toBe(false);
  expect((await client.status()).daemon.pid).toBe(child.pid);
}, SLOW_MS);

test("kill -9 leaves a socket and a lock file that the next start takes over", async () => {
  const first = await start();
  first.child.kill("SIGKILL");
  await first.child.exited;
  expect(existsSync(dir.path("s"))).toBe(true);
  expect(await first.client.answers()).toBe(false);
  const second = await start();
  expect((await second.client.status()).daemon.pid).toBe(second.child.pid);
}, SLOW_MS);

test("SIGTERM drains, removes the socket and frees the lock", async () => {
  const { child } = await start();
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  expect(existsSync(dir.path("s"))).toBe(false);
  expect((await start()).child.exitCode).toBeNull();
}, SLOW_MS);

test("SIGTERM waits for a request in flight; a second one does not", async () => {
  const { child, client } = await start();
  const { intake_id } = await client.openIntake({ repository: "x", object_format: "sha1", cuts: [], tips: ["a".repeat(40)] });
  const upload = await connect(dir.path("s"));
  const closed = untilClosed(upload);
  upload.write(`PUT /v1/intakes/${intake_id}/pack HTTP/1.1\r\nhost: d\r\ncontent-length: 1000\r\nexpect: 100-continue\r\n\r\n`);
  await untilText(upload, "100 Continue");
  child.kill("SIGTERM");
  expect(await eventually(() => !existsSync(dir.path("s")))).toBe(true);
  await Bun.sleep(300);
  expect(child.exitCode).toBeNull();
  child.kill("SIGTERM");
  expect(await child.exited).toBe(EXIT.unavailable);
  await closed;
}, SLOW_MS);

test("`stop` through the socket is answered before the daemon ends", async () => {
  const { child, client } = await start();
  expect(await client.stop()).toEqual({ stopping: true, pid: child.pid });
  expect(await child.exited).toBe(0);
}, SLOW_MS);

test("the kernel's own tables show no TCP, UDP or raw socket of the daemon", async () => {
  const { child } = await start();
  const inodes = readdirSync(`/proc/${child.pid}/fd`)
    .map((fd) => /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${child.pid}/fd/${fd}`))?.[1])
    .filter((inode) => inode !== undefined);
  expect(inodes.length).toBeGreaterThan(0);
  const network = ["tcp", "tcp6", "udp", "udp6", "raw", "raw6"].map((table) => `/proc/${child.pid}/net/${table}`).filter((table) => existsSync(table));
  // Column 10 of each table is the inode (proc_pid_net(5)).
  const open = network.flatMap((table) => readFileSync(table, "utf8").split("\n").slice(1).map((line) => line.trim().split(/\s+/)[9]));
  expect(inodes.filter((inode) => open.includes(inode))).toEqual([]);
}, SLOW_MS);

test("an idle daemon's main thread wakes less than five times a second soon after its start (Bun alone: once)", async () => {
  const { child } = await start();
  const wakeUps = (): number => Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(readFileSync(`/proc/${child.pid}/task/${child.pid}/status`, "utf8"))?.[1]);
  // The collector's own timers, and the check processes' start, settle first: how long that takes is the machine's business.
  const deadline = Date.now() + SLOW_MS / 2;
  let woken = Infinity;
  while (woken >= 15 && Date.now() < deadline) {
    const before = wakeUps();
    await Bun.sleep(3_000);
    woken = wakeUps() - before;
  }
  expect(woken).toBeLessThan(15);
}, SLOW_MS);

test.skipIf(skipWithout(hasPrlimit, "a daemon with few descriptors: needs prlimit"))("connections beyond RLIMIT_NOFILE are turned away in time: the daemon neither spins nor dies", async () => {
  const child = Bun.spawn(["prlimit", "--nofile=96:96", process.execPath, MAIN, "--embedded", "--state", dir.path("state"), "--socket", dir.path("s")], { stdio: ["ignore", "pipe", "pipe"], cwd: "/" });
  children.push(child);
  const client = new MaestroClient(dir.path("s"), { patience_ms: 5_000 });
  expect(await eventually(() => existsSync(dir.path("s")), START_MS)).toBe(true);
  // Bun tells of a connection that is turned away at once as of one that was never made.
  const crowd = await Promise.all(Array.from({ length: 150 }, () => connect(dir.path("s")).catch(() => null)));
  const ended = crowd.map((socket) => (socket === null ? Promise.resolve({ text: "" }) : untilClosed(socket)));
  const turnedAway = await Promise.all(ended.slice(60, 90));
  expect(turnedAway.filter(({ text }) => text === "" || text.includes("503")).length).toBe(30);
  crowd.forEach((socket) => socket?.destroy());
  expect(await eventually(() => readdirSync(`/proc/${child.pid}/fd`).length < 60)).toBe(true);
  expect((await client.status()).daemon.state).toBe("ready");
}, SLOW_MS);

test("attack: a hang-up while it starts does not end it; what the signal asked for is done once it serves", async () => {
  const child = spawn();
  const lock = dir.path("state/lock");
  expect(await eventually(() => existsSync(lock) && readFileSync(lock, "utf8") !== "", START_MS)).toBe(true);
  for (let i = 0; i < 5; i++) child.kill("SIGHUP");
  let said = "";
  for await (const chunk of child.stdout) {
    said += new TextDecoder().decode(chunk);
    if (said.includes("the configuration was not reloaded")) break;
  }
  await serving(child);
  expect(child.exitCode ?? child.signalCode).toBeNull();
}, SLOW_MS);
