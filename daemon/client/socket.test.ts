import { afterEach, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { GateEvent, GateRequest, IntakeId, PackReply } from "../../proto/api.ts";
import { MaestroError } from "../../proto/errors.ts";
import { API_VERSION } from "../../proto/routes.ts";
import { route, type RouteCall } from "../api/index.ts";
import { serve, type ServedApi, type ServeSettings, STATUS } from "../api/testing/serve.ts";
import { connect, eventually, scratch, type Scratch } from "../platform/socket/testing/raw.ts";
import { skipWithout } from "../testing/skip.ts";
import { MaestroClient } from "./maestro.ts";
import { SocketClient } from "./socket.ts";

const MiB = 1024 * 1024;
const INTAKE = `intake-${"a".repeat(26)}`;
const GATE: GateRequest = { intake_id: INTAKE, target_ref: "refs/heads/main", target: "a".repeat(40), head: "b".repeat(40) };
const PROGRESS = { event: "progress", stage: "facts", check: null, result: null, duration_us: 1 } as const;

let api: ServedApi | null = null;
let dir: Scratch | null = null;
const servers: net.Server[] = [];
afterEach(async () => {
  await api?.end();
  api = null;
  servers.splice(0).forEach((server) => server.close());
  dir?.remove();
  dir = null;
});

async function clientOf(settings: ServeSettings = {}): Promise<MaestroClient> {
  api = await serve(settings);
  return new MaestroClient(api.path);
}

const packRoute = (handle: (call: RouteCall<"sendPack">) => Promise<PackReply>) =>
  route("sendPack", { summary: "", access: "any", params: { id: IntakeId }, request: null, reply: PackReply, body_bytes_max: 400 * MiB, handle });
const gateRoute = (handle: (call: RouteCall<"gate">) => AsyncGenerator<GateEvent, void>) =>
  route("gate", { summary: "", access: "any", params: {}, request: GateRequest, reply: GateEvent, body_bytes_max: 10_000, handle });

/** A socket that answers every request with the same bytes. */
function canned(response: string): string {
  dir ??= scratch();
  const path = dir.path("s");
  servers.push(net.createServer((socket) => socket.once("data", () => socket.end(response))).listen(path));
  return path;
}

async function deadSocket(): Promise<string> {
  dir ??= scratch();
  const path = dir.path("s");
  const child = Bun.spawn([process.execPath, "-e", `require("node:net").createServer().listen(${JSON.stringify(path)}, () => console.log("up"))`], { stdio: ["ignore", "pipe", "inherit"] });
  await child.stdout.getReader().read();
  child.kill("SIGKILL");
  await child.exited;
  return path;
}

test("status, health and stop through the real socket", async () => {
  const client = await clientOf();
  expect(await client.answers()).toBe(true);
  expect(await client.status()).toEqual(STATUS);
  expect(await client.stop()).toEqual({ stopping: true, pid: process.pid });
  expect(api?.stops.count).toBe(1);
});

test("a failure the daemon reports is thrown with its code and detail", async () => {
  const client = await clientOf({ routes: [packRoute(async () => ({ objects: 0, bytes: 0, warnings: [] }))] });
  const refused = client.sendPack("../../v1/stop", () => new Blob(["x"]).stream());
  await expect(refused).rejects.toMatchObject({ code: "request.malformed", detail: expect.stringContaining("path/id") });
  expect(api?.stops.count).toBe(0);
});

test("a bug of the daemon carries the request id to look for in its log", async () => {
  const client = await clientOf({ routes: [gateRoute(async function* () { throw new Error("x"); })] });
  await expect(client.gate(GATE).next()).rejects.toMatchObject({ code: "internal.bug", detail: expect.stringMatching(/; request [a-z2-7]{8}-1$/) });
});

test("events arrive while the daemon is still at work", async () => {
  const second = Promise.withResolvers<void>();
  const client = await clientOf({
    routes: [
      gateRoute(async function* () {
        yield PROGRESS;
        await second.promise;
        yield { ...PROGRESS, stage: "policy" };
      }),
    ],
  });
  const events = client.gate(GATE);
  expect((await events.next()).value).toEqual(PROGRESS);
  second.resolve();
  expect((await events.next()).value).toEqual({ ...PROGRESS, stage: "policy" });
  expect((await events.next()).done).toBe(true);
});

test("a failure in the last line of a stream is thrown, not yielded", async () => {
  const client = await clientOf({
    routes: [
      gateRoute(async function* () {
        yield PROGRESS;
        throw new MaestroError("store.no_space", "full");
      }),
    ],
  });
  const events = client.gate(GATE);
  await events.next();
  await expect(events.next()).rejects.toMatchObject({ code: "store.no_space", detail: "full" });
});

test.each(["leaving the loop", "aborting"])("the daemon's work ends with the client's interest: %s", async (way) => {
  const ended = Promise.withResolvers<void>();
  const client = await clientOf({
    routes: [
      gateRoute(async function* ({ signal }) {
        signal.addEventListener("abort", () => ended.resolve());
        yield PROGRESS;
        await ended.promise;
      }),
    ],
  });
  const abort = new AbortController();
  const events = client.gate(GATE, abort.signal);
  await events.next();
  if (way === "aborting") abort.abort();
  else await events.return();
  await ended.promise;
  expect(await eventually(() => api?.server.connectionCount === 0)).toBe(true);
});

test("a large upload leaves the client's memory flat, though the daemon reads slowly", async () => {
  const client = await clientOf({
    routes: [
      packRoute(async ({ stream }) => {
        let bytes = 0;
        for await (const chunk of stream) {
          bytes += chunk.length;
          if (bytes % (2 * MiB) < chunk.length) await Bun.sleep(5);
        }
        return { objects: 0, bytes, warnings: [] };
      }),
    ],
  });
  Bun.gc(true);
  const before = process.memoryUsage.rss();
  let top = 0;
  let sent = 0;
  const pack = new ReadableStream<Uint8Array>({
    pull(controller) {
      // In a process full of other tests' garbage, what is collectable must not count as held.
      if (sent % (8 * MiB) === 0) Bun.gc(true);
      top = Math.max(top, process.memoryUsage.rss());
      if (sent >= 128 * MiB) return controller.close();
      sent += 65_536;
      controller.enqueue(new Uint8Array(65_536));
    },
  });
  expect(await client.sendPack(INTAKE, () => pack)).toMatchObject({ bytes: 128 * MiB });
  expect(top - before).toBeLessThan(64 * MiB);
}, 120_000);

test("an upload that is refused early says why instead of breaking", async () => {
  const client = await clientOf({
    routes: [
      packRoute(async () => {
        throw new MaestroError("intake.unknown", "gone");
      }),
    ],
  });
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if ((sent += 65_536) > 64 * MiB) return controller.close();
      await Bun.sleep(0);
      controller.enqueue(new Uint8Array(65_536));
    },
  });
  await expect(client.sendPack(INTAKE, () => endless)).rejects.toMatchObject({ code: "intake.unknown" });
});

test("a failure of what is being sent is reported as itself", async () => {
  const client = await clientOf({ routes: [packRoute(async ({ stream }) => ({ objects: 0, bytes: (await new Response(stream).bytes()).length, warnings: [] }))] });
  const broken = new ReadableStream<Uint8Array>({
    pull() {
      throw new MaestroError("git.failed", "pack-objects died");
    },
  });
  await expect(client.sendPack(INTAKE, () => broken)).rejects.toMatchObject({ code: "git.failed" });
});

test("a proxy set for the job is not asked: the socket is the only way to the daemon", async () => {
  await clientOf();
  const proxied = net.createServer((socket) => socket.destroy());
  servers.push(proxied);
  await new Promise<void>((resolve) => proxied.listen(0, "127.0.0.1", resolve));
  const address = proxied.address();
  const proxy = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  let asked = 0;
  proxied.on("connection", () => (asked += 1));
  const script = `const { MaestroClient } = await import(${JSON.stringify(join(import.meta.dir, "maestro.ts"))}); console.log((await new MaestroClient(${JSON.stringify(api?.path)}).status()).state_dir);`;
  const child = Bun.spawn([process.execPath, "-e", script], { env: { HTTP_PROXY: proxy, http_proxy: proxy, ALL_PROXY: proxy }, stdio: ["ignore", "pipe", "inherit"] });
  expect(await new Response(child.stdout).text()).toBe(`${STATUS.state_dir}\n`);
  expect(asked).toBe(0);
});

describe("whose socket", () => {
  test("nothing there, and a file that is no socket", async () => {
    dir = scratch();
    expect(await new MaestroClient(dir.path("s")).answers()).toBe(false);
    await expect(new MaestroClient(dir.path("s")).status()).rejects.toMatchObject({ code: "daemon.unreachable" });
    writeFileSync(dir.path("s"), "");
    await expect(new MaestroClient(dir.path("s")).answers()).rejects.toMatchObject({ code: "daemon.foreign_socket" });
  });

  test("a folder in which anyone could swap the socket is refused, a sticky one is not", async () => {
    const client = await clientOf();
    chmodSync(api?.dir.folder ?? "", 0o777);
    await expect(client.status()).rejects.toMatchObject({ code: "daemon.foreign_socket" });
    chmodSync(api?.dir.folder ?? "", 0o1777);
    expect(await client.status()).toEqual(STATUS);
  });

  const root = process.getuid?.() === 0;
  test.skipIf(skipWithout(root, "a closed folder: needs root to become another user"))("a socket in a folder closed to this user is denied, not absent, so that no second daemon is started for it", async () => {
    await clientOf();
    chmodSync(api?.dir.folder ?? "", 0o700);
    process.seteuid?.(65_534);
    try {
      await expect(new MaestroClient(api?.path ?? "").answers()).rejects.toMatchObject({ code: "auth.denied" });
    } finally {
      process.seteuid?.(0);
    }
  });

  test.skipIf(skipWithout(root, "another user's socket: needs root for chown"))("another user's socket is refused before a byte is sent, unless that user is named", async () => {
    const client = await clientOf();
    const path = api?.path ?? "";
    chownSync(path, 65_534, 65_534);
    await expect(client.answers()).rejects.toMatchObject({ code: "daemon.foreign_socket", detail: `${path} belongs to uid 65534` });
    expect(api?.book.lines).toEqual([]);
    expect(await new MaestroClient(path, { trusted_uids: [65_534] }).status()).toEqual(STATUS);
  });

  test("a path that is too long is refused", () => {
    expect(() => new MaestroClient(`/${"x".repeat(107)}`)).toThrow(expect.objectContaining({ code: "socket.path_too_long" }));
  });
});

describe("a daemon that is not there yet, or full", () => {
  test("a dead daemon's socket is given up on quickly", async () => {
    const path = await deadSocket();
    const start = performance.now();
    await expect(new MaestroClient(path).status()).rejects.toMatchObject({ code: "daemon.unreachable" });
    // A daemon that is starting is waited for longer than this.
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test("a daemon that takes the dead one's place in time is found", async () => {
    const body = JSON.stringify(STATUS);
    const found = async (): Promise<unknown> => {
      rmSync((dir ??= scratch()).path("s"), { force: true });
      const path = await deadSocket();
      const answer = new MaestroClient(path).status().catch((error: unknown) => error);
      await Bun.sleep(20);
      unlinkSync(path);
      canned(`HTTP/1.1 200 OK\r\nmaestro-api: ${API_VERSION}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      return answer;
    };
    let told = await found();
    // Where the machine paused in those 20 ms, the time that a client waits was over.
    for (let times = 1; times < 3 && told instanceof Error; times++) told = await found();
    expect(told).toEqual(STATUS);
  });

  test("a full daemon is asked again until it has room", async () => {
    const client = await clientOf({ limits: { connections_max: 1 } });
    const occupant = await connect(api?.path ?? "");
    expect(await eventually(() => api?.server.connectionCount === 1)).toBe(true);
    const answer = client.status();
    expect(await eventually(() => api?.book.lines.some(({ fields }) => fields["code"] === "request.busy") === true)).toBe(true);
    occupant.destroy();
    expect(await answer).toEqual(STATUS);
  });

  test("a daemon that stays full is an error that says so", async () => {
    await clientOf({ limits: { connections_max: 1 } });
    const occupant = await connect(api?.path ?? "");
    const impatient = new SocketClient(api?.path ?? "", { patience_ms: 50 });
    await expect(impatient.request("status", {})).rejects.toMatchObject({ code: "request.busy" });
    occupant.destroy();
  });

  test("a full backlog (EAGAIN) is waited for", async () => {
    dir = scratch();
    const path = dir.path("s");
    const child = Bun.spawn([process.execPath, "-e", STALLED, path, JSON.stringify(STATUS)], { stdio: ["ignore", "pipe", "inherit"] });
    await child.stdout.getReader().read();
    const client = new MaestroClient(path);
    const answers = await Promise.all(Array.from({ length: 12 }, () => client.status()));
    expect(answers).toEqual(Array.from({ length: 12 }, () => STATUS));
    child.kill();
  });

  test("a connection the daemon closed while idle is replaced without an error", async () => {
    const client = await clientOf({ limits: { keep_alive_timeout_ms: 50 } });
    for (let i = 0; i < 3; i++) {
      expect(await client.status()).toEqual(STATUS);
      expect(await eventually(() => api?.server.connectionCount === 0)).toBe(true);
    }
  });
});

/** A server with room for one waiting connection that does not accept for a while. */
const STALLED = `
const [path, body] = process.argv.slice(1);
const http = require("node:http").createServer((req, res) => { res.setHeader("maestro-api", "1"); res.end(body); });
require("node:net").createServer((socket) => http.emit("connection", socket)).listen({ path, backlog: 1 }, () => {
  console.log("up");
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400));
});
`;

describe("an answer that is none", () => {
  test("another version of the interface", async () => {
    const path = canned("HTTP/1.1 200 OK\r\nmaestro-api: 2\r\ncontent-length: 2\r\n\r\n{}");
    await expect(new MaestroClient(path).status()).rejects.toMatchObject({ code: "api.version", detail: "this client speaks 1, the daemon 2" });
  });

  test("something that is not maestrod", async () => {
    const path = canned("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    await expect(new MaestroClient(path).status()).rejects.toMatchObject({ code: "api.version" });
  });

  test.each(["nonsense", "{}", '{"code":1,"detail":"","request_id":""}'])("a failure without a problem document: %s", async (body) => {
    const path = canned(`HTTP/1.1 500 Oops\r\nmaestro-api: 1\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    await expect(new MaestroClient(path).status()).rejects.toMatchObject({ code: "worker.protocol", detail: "status 500 without a problem document" });
  });

  test("a code this client does not know", async () => {
    const body = JSON.stringify({ code: "new.code", detail: "later", request_id: "r" });
    const path = canned(`HTTP/1.1 418 New\r\nmaestro-api: 1\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    await expect(new MaestroClient(path).status()).rejects.toMatchObject({ code: "api.version", detail: expect.stringContaining("new.code") });
  });

  test("a connection that is cut before the answer is asked again, five times and no more; an upload once, from its beginning, a backup never", async () => {
    const body = JSON.stringify({ stopping: true, pid: 1 });
    for (const [cuts, code] of [[3, null], [100, "daemon.unreachable"]] as const) {
      dir ??= scratch();
      const path = dir.path(`cut${cuts}`);
      let asked = 0;
      // Closed with what was sent still unread, as a daemon does that has no room even for a refusal: the client sees ECONNRESET.
      const server = net.createServer({ pauseOnConnect: true }, (socket) => {
        asked += 1;
        if (asked <= cuts) return void setTimeout(() => socket.destroy(), 200);
        socket.resume();
        socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nmaestro-api: ${API_VERSION}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`));
      });
      servers.push(server.listen(path));
      const client = new MaestroClient(path);
      const answer = await client.stop().catch((error: MaestroError) => error.code);
      expect({ answer, asked }).toEqual(code === null ? { answer: { stopping: true as const, pid: 1 }, asked: 4 } : { answer: code, asked: 6 });
      if (code === null) continue;
      asked = 0;
      let bodies = 0;
      const upload = await client.sendPack(INTAKE, () => (bodies++, new Blob(["x"]).stream())).catch((error: MaestroError) => error.code);
      expect([upload, asked, bodies]).toEqual([code, 2, 2]);
      asked = 0;
      const backup = await client.backup({ with_keys: false }).catch((error: MaestroError) => error.code);
      expect([backup, asked]).toEqual([code, 1]);
    }
  });

  test("a connection that breaks before the answer", async () => {
    await expect(new MaestroClient(canned("")).status()).rejects.toMatchObject({ code: "daemon.unreachable", detail: expect.stringContaining("broke") });
  });
});
