import { afterEach, expect, test } from "bun:test";
import { skipWithout } from "../../testing/skip.ts";
import { NDJSON } from "../../../proto/routes.ts";
import type { Handler } from "./index.ts";
import { connect, eventually, exchange, get, streamOf, untilText } from "./testing/raw.ts";
import { serve, type Served } from "./testing/serve.ts";

const MiB = 1024 * 1024;
let served: Served | null = null;
afterEach(async () => {
  await served?.end();
  served = null;
});

const echo: Handler = async (request, call) => Response.json({ path: new URL(request.url).pathname, uid: call.peer.uid, id: call.id, body: await request.text() });

async function fetched(target: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://d${target}`, { ...init, unix: served?.path ?? "" });
}

test("a handler learns the peer's uid, and the host a client names does not matter", async () => {
  served = await serve(echo);
  const reply: unknown = await (await fetched("/v1/x")).json();
  expect(reply).toEqual({ path: "/v1/x", uid: process.getuid?.(), id: "r1", body: "" });
});

test.skipIf(skipWithout(Bun.which("curl") !== null, "curl is not installed"))("curl --unix-socket just works", async () => {
  served = await serve(echo);
  const curl = Bun.spawn(["curl", "-s", "--unix-socket", served.path, "-d", "hello", "http://d/v1/x"], { stdio: ["ignore", "pipe", "ignore"] });
  expect(JSON.parse(await new Response(curl.stdout).text())).toMatchObject({ path: "/v1/x", body: "hello" });
});

test("one connection serves many requests, in order, with a fresh id each", async () => {
  served = await serve(echo);
  const socket = await connect(served.path);
  const text = untilText(socket, '"r3"');
  socket.write(get("/1") + get("/2") + get("/3"));
  expect([...(await text).matchAll(/"path":"(\/\d)".*?"id":"(r\d)"/g)].map((m) => [m[1], m[2]])).toEqual([["/1", "r1"], ["/2", "r2"], ["/3", "r3"]]);
  expect(served.server.connectionCount).toBe(1);
  socket.destroy();
});

test("the absolute form of a target is read as its path, other forms are refused", async () => {
  served = await serve(echo);
  const absolute = await exchange(served.path, get("http://evil.example/v1/x", "connection: close\r\n"));
  expect(absolute.text).toContain('"path":"/v1/x"');
  expect((await exchange(served.path, "OPTIONS * HTTP/1.1\r\nhost: d\r\n\r\n")).text).toStartWith("HTTP/1.1 400");
});

test("NDJSON arrives line by line while the handler is still at work", async () => {
  const second = Promise.withResolvers<void>();
  served = await serve(() => {
    async function* lines() {
      yield new TextEncoder().encode('{"n":1}\n');
      await second.promise;
      yield new TextEncoder().encode('{"n":2}\n');
    }
    return new Response(streamOf(lines()), { headers: { "content-type": NDJSON } });
  });
  const reader = (await fetched("/")).body?.getReader();
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('{"n":1}\n');
  second.resolve();
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('{"n":2}\n');
  expect((await reader?.read())?.done).toBe(true);
});

test("a client that leaves mid-stream aborts the handler's signal and cancels the stream", async () => {
  const cancelled = Promise.withResolvers<unknown>();
  let signal: AbortSignal | null = null;
  served = await serve((_request, call) => {
    signal = call.signal;
    const body = new ReadableStream({ start: (c) => c.enqueue(new TextEncoder().encode("{}\n")), cancel: (reason) => cancelled.resolve(reason) });
    return new Response(body, { headers: { "content-type": NDJSON } });
  });
  const socket = await connect(served.path);
  socket.write(get("/"));
  await untilText(socket, "{}");
  socket.destroy();
  expect(await cancelled.promise).toMatchObject({ code: "request.cancelled" });
  expect(signal).toMatchObject({ aborted: true });
  expect(await eventually(() => served?.server.connectionCount === 0)).toBe(true);
});

test("a client that leaves before any answer aborts the request's own signal too", async () => {
  const [begun, aborted] = [Promise.withResolvers<void>(), Promise.withResolvers<boolean>()];
  served = await serve(async (request) => {
    begun.resolve();
    request.signal.addEventListener("abort", () => aborted.resolve(true));
    await aborted.promise;
    return new Response("nobody reads this");
  });
  const socket = await connect(served.path);
  socket.write(get("/"));
  await begun.promise;
  socket.destroy();
  expect(await aborted.promise).toBe(true);
});

test("a client that leaves mid-upload fails the body", async () => {
  const [begun, failed] = [Promise.withResolvers<void>(), Promise.withResolvers<unknown>()];
  served = await serve(async (request) => {
    begun.resolve();
    await request.arrayBuffer().catch(failed.resolve);
    return new Response();
  });
  const socket = await connect(served.path);
  socket.write("POST / HTTP/1.1\r\nhost: d\r\ncontent-length: 100\r\n\r\nabc");
  await begun.promise;
  socket.destroy();
  expect(await failed.promise).toMatchObject({ code: "request.cancelled" });
});

test.each([
  ["read as fast as it comes, with a length", "content-length: 209715200", 0, 200],
  ["read slowly, chunked", "transfer-encoding: chunked", 1, 128],
])("a large upload leaves memory flat: %s", async (_name, header, pause_ms, megabytes) => {
  let top = 0;
  served = await serve(async (request) => {
    let bytes = 0;
    for await (const chunk of request.body ?? []) {
      bytes += chunk.length;
      // In a process full of other tests' garbage, what is collectable must not count as held.
      if (bytes % (8 * MiB) < chunk.length) Bun.gc(true);
      top = Math.max(top, process.memoryUsage.rss());
      if (pause_ms > 0) await Bun.sleep(pause_ms);
    }
    return Response.json({ bytes });
  });
  const client = Bun.spawn([process.execPath, "-e", UPLOAD, served.path, header, String(megabytes)], { stdio: ["ignore", "pipe", "inherit"] });
  Bun.gc(true);
  const before = process.memoryUsage.rss();
  expect(await new Response(client.stdout).text()).toBe(`{"bytes":${megabytes * MiB}}\n`);
  expect(top - before).toBeLessThan(48 * MiB);
}, 120_000);

// The client is a process of its own, so that its memory does not count; one frame holds 64 KiB.
const UPLOAD = `
const [path, header, megabytes] = process.argv.slice(1);
const chunked = header.endsWith("chunked");
const block = Buffer.alloc(65536);
const frame = chunked ? Buffer.concat([Buffer.from("10000\\r\\n"), block, Buffer.from("\\r\\n")]) : block;
const socket = require("node:net").connect(path);
socket.write("PUT / HTTP/1.1\\r\\nhost: d\\r\\n" + header + "\\r\\n\\r\\n");
for (let i = 0; i < megabytes * 16; i++) {
  if (!socket.write(frame)) await new Promise((resolve) => socket.once("drain", resolve));
}
if (chunked) socket.write("0\\r\\n\\r\\n");
let reply = "";
for await (const bytes of socket) if ((reply += bytes).endsWith("}")) break;
console.log(reply.split("\\r\\n\\r\\n")[1]);
socket.destroy();
`;

test("a connection whose last body was larger than is held serves its next request", async () => {
  served = await serve(async (request) => {
    const reader = request.body?.getReader();
    await reader?.read();
    await Bun.sleep(50);
    let bytes = 1;
    while ((await reader?.read())?.done === false) bytes += 1;
    return new Response(`read in ${bytes}`);
  });
  const socket = await connect(served.path);
  for (let i = 0; i < 2; i++) {
    const answered = untilText(socket, "read in");
    socket.write(`PUT / HTTP/1.1\r\nhost: d\r\ncontent-length: ${MiB}\r\n\r\n`);
    socket.write(Buffer.alloc(MiB));
    expect(await answered).toContain("200 OK");
  }
  socket.destroy();
});

test("Expect: 100-continue is answered only when the handler wants the body", async () => {
  served = await serve(async (request) => (request.url.endsWith("/want") ? new Response(await request.text()) : new Response("no", { status: 413 })));
  const head = (target: string): string => `PUT ${target} HTTP/1.1\r\nhost: d\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n`;
  const wanted = await connect(served.path);
  wanted.write(head("/want"));
  expect(await untilText(wanted, "\r\n\r\n")).toStartWith("HTTP/1.1 100");
  wanted.write("hello");
  expect(await untilText(wanted, "hello")).toContain("200 OK");
  wanted.destroy();
  const unwanted = await exchange(served.path, head("/refuse"));
  expect(unwanted.text).toStartWith("HTTP/1.1 413");
});

test("a refused upload still gets its answer, although the client had not finished sending", async () => {
  served = await serve(() => new Response("too much", { status: 413 }));
  const socket = await connect(served.path);
  const answer = untilText(socket, "too much");
  socket.write(`POST / HTTP/1.1\r\nhost: d\r\ncontent-length: ${8 * MiB}\r\n\r\n`);
  for (let i = 0; i < 32; i++) socket.write(Buffer.alloc(MiB / 8));
  expect(await answer).toContain("connection: close");
  socket.destroy();
});

test("a handler's bug is 500 without its words, and the daemon lives on", async () => {
  served = await serve((request) => {
    if (request.url.endsWith("/bug")) throw new Error("secret of /etc/shadow");
    return new Response("fine");
  });
  const reply = await fetched("/bug");
  expect(reply.status).toBe(500);
  expect(await reply.text()).not.toContain("secret");
  expect(served.events).toEqual([expect.objectContaining({ kind: "broken", id: "r1" })]);
  expect(await (await fetched("/")).text()).toBe("fine");
});

test("a reply that breaks after it began is cut, never completed", async () => {
  served = await serve(() => {
    async function* broken() {
      yield new TextEncoder().encode("{}\n");
      throw new Error("bug");
    }
    return new Response(streamOf(broken()), { headers: { "content-type": NDJSON } });
  });
  const { text } = await exchange(served.path, get("/"));
  expect(text).toContain("{}");
  expect(text).not.toContain("\r\n0\r\n");
});
