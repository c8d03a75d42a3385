import { afterEach, expect, test } from "bun:test";
import { ServerLimits } from "../../../proto/config.ts";
import { connectionBudget, descriptorsMax } from "./descriptors.ts";
import { NDJSON } from "../../../proto/routes.ts";
import type { Handler } from "./index.ts";
import { connect, eventually, exchange, get, untilClosed, untilText } from "./testing/raw.ts";
import { serve, type Served } from "./testing/serve.ts";

let served: Served | null = null;
afterEach(async () => {
  await served?.end();
  served = null;
});
const hello: Handler = () => new Response("hello");
const start = async (limits: Partial<ServerLimits>, handler = hello): Promise<string> => {
  served = await serve(handler, limits);
  return served.path;
};

test("slow loris: dripping a header byte by byte does not extend the wait", async () => {
  const path = await start({ header_timeout_ms: 150 });
  // Before the connection: the server's time may have begun long before ours goes on.
  const began_ms = performance.now();
  const socket = await connect(path);
  socket.write("GET / HTTP/1.1\r\nx: ");
  const drip = setInterval(() => socket.write("a"), 20);
  const { text } = await untilClosed(socket);
  const after_ms = performance.now() - began_ms;
  clearInterval(drip);
  expect(text).toStartWith("HTTP/1.1 408");
  expect(JSON.parse(text.split("\r\n\r\n")[1] ?? "")).toMatchObject({ code: "request.slow", status: 408 });
  expect(after_ms).toBeWithin(100, 30_000);
});

test("a connection that never says anything is closed without a word", async () => {
  const path = await start({ header_timeout_ms: 100 });
  const began_ms = performance.now();
  const { text } = await untilClosed(await connect(path));
  const after_ms = performance.now() - began_ms;
  expect(text).toBe("");
  expect(after_ms).toBeWithin(80, 30_000);
});

test("an idle connection is closed after the keep-alive time, not before", async () => {
  const path = await start({ keep_alive_timeout_ms: 6_000, header_timeout_ms: 500 });
  const socket = await connect(path);
  const closed = untilClosed(socket);
  socket.write(get("/"));
  await untilText(socket, "hello");
  await Bun.sleep(800);
  socket.write(get("/"));
  const { text, after_ms } = await closed;
  expect(text.match(/hello/g)).toHaveLength(2);
  expect(after_ms).toBeWithin(6_700, 30_000);
});

test("slow loris on a kept connection: the second request's headers are cut off too", async () => {
  const path = await start({ keep_alive_timeout_ms: 500, header_timeout_ms: 500 });
  const socket = await connect(path);
  const closed = untilClosed(socket);
  socket.write(get("/"));
  await untilText(socket, "hello");
  socket.write("GET / HTTP/1.1\r\nx: ");
  const drip = setInterval(() => socket.write("a"), 20);
  const { text, after_ms } = await closed;
  clearInterval(drip);
  expect(text).toContain("HTTP/1.1 408");
  expect(after_ms).toBeLessThan(30_000);
});

test("a long request is not taken for an idle connection", async () => {
  const path = await start({ keep_alive_timeout_ms: 50, header_timeout_ms: 5_000 }, async () => {
    await Bun.sleep(250);
    return new Response("late");
  });
  expect((await exchange(path, get("/"))).text).toContain("late");
});

test.each([
  ["one huge header", `a: ${"x".repeat(20_000)}\r\n`],
  ["a flood of small headers", "a: b\r\n".repeat(4_000)],
])("header flood: %s is 431", async (_name, headers) => {
  const { text } = await exchange(await start({}), get("/", headers));
  expect(text).toStartWith("HTTP/1.1 431");
  expect(text).toContain("request.headers_too_large");
});

test("bytes that are not HTTP are 400 and end the connection", async () => {
  const path = await start({});
  for (const bytes of ["\x16\x03\x01\x02\x00", "GET / HTTP/1.1\nhost: d\n\n", "POST / HTTP/1.1\r\nhost: d\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"]) {
    expect((await exchange(path, bytes)).text).toStartWith("HTTP/1.1 400");
  }
});

test("a body that stops arriving is cut off", async () => {
  const path = await start({ body_idle_timeout_ms: 100, linger_ms: 50 }, async (request) => {
    const failed: unknown = await request.text().catch((thrown: unknown) => thrown);
    return Response.json(failed, { status: 408 });
  });
  const { text, after_ms } = await exchange(path, "POST / HTTP/1.1\r\nhost: d\r\ncontent-length: 9\r\n\r\nabc");
  expect(text).toStartWith("HTTP/1.1 408");
  expect(text).toContain("request.slow");
  expect(after_ms).toBeLessThan(30_000);
});

test("a body dripped under the idle limit ends at the body deadline", async () => {
  const path = await start({ body_idle_timeout_ms: 2_000, body_deadline_ms: 5_000, linger_ms: 50 }, async (request) => {
    await request.text();
    return new Response();
  });
  const began_ms = performance.now();
  const socket = await connect(path);
  socket.write("POST / HTTP/1.1\r\nhost: d\r\ncontent-length: 900\r\n\r\n");
  const drip = setInterval(() => socket.write("a"), 20);
  const { text } = await untilClosed(socket);
  const after_ms = performance.now() - began_ms;
  clearInterval(drip);
  expect(text).toStartWith("HTTP/1.1 408");
  expect(after_ms).toBeWithin(4_900, 17_000);
});

test("a client that does not read its reply is dropped", async () => {
  const cancelled = Promise.withResolvers<void>();
  const path = await start({ body_idle_timeout_ms: 100 }, () => {
    const endless = new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(65_536)), cancel: () => cancelled.resolve() });
    return new Response(endless, { headers: { "content-type": NDJSON } });
  });
  const socket = await connect(path);
  socket.pause();
  socket.write(get("/"));
  expect(await eventually(() => served?.events.some((e) => e.kind === "broken") ?? false)).toBe(true);
  await cancelled.promise;
  socket.destroy();
});

test("connection flood: what is above the cap gets 503 with Retry-After, the rest is served", async () => {
  const path = await start({ connections_max: 8 });
  const idle = await Promise.all(Array.from({ length: 8 }, () => connect(path)));
  expect(await eventually(() => served?.server.connectionCount === 8)).toBe(true);
  for (let i = 0; i < 20; i++) {
    const { text } = await exchange(path, get("/"));
    expect(text).toStartWith("HTTP/1.1 503");
    expect(text).toContain("\r\nretry-after: 1\r\n");
    expect(text).toContain("request.busy");
  }
  idle[0]?.destroy();
  expect(await eventually(() => served?.server.connectionCount === 7)).toBe(true);
  expect((await exchange(path, get("/", "connection: close\r\n"))).text).toContain("hello");
  idle.forEach((socket) => socket.destroy());
});

test("connection flood of one user leaves room for another", async () => {
  const path = await start({ connections_per_uid_max: 2 });
  const held = await Promise.all([connect(path), connect(path)]);
  expect((await exchange(path, get("/"))).text).toContain("connections of uid");
  held.forEach((socket) => socket.destroy());
  expect(await eventually(() => served?.server.connectionCount === 0)).toBe(true);
  expect((await exchange(path, get("/", "connection: close\r\n"))).text).toContain("hello");
});

test("a connection is closed after its last allowed request", async () => {
  const path = await start({ requests_per_connection_max: 2 });
  const { text } = await exchange(path, get("/1") + get("/2"));
  expect(text.match(/hello/g)).toHaveLength(2);
  expect(text.match(/connection: close/gi)).toHaveLength(1);
});

test("pipelining flood: more requests than allowed in flight drop the connection", async () => {
  let begun = 0;
  const path = await start({ pipelined_max: 4 }, async () => {
    begun += 1;
    await Bun.sleep(5_000);
    return new Response();
  });
  await exchange(path, get("/").repeat(500));
  expect(begun).toBe(4);
});

test("connections fit beside files and children under RLIMIT_NOFILE; fewer than configured is said, too few to live is refused", () => {
  expect(descriptorsMax("Limit\nMax open files            64                   4096                 files\n")).toBe(64);
  expect([descriptorsMax(""), descriptorsMax() > 0]).toEqual([1_024, true]);
  const limits = { connections_max: 256, connections_per_uid_max: 192 };
  expect(connectionBudget(limits, 1_024)).toEqual({ connections_max: 256, connections_per_uid_max: 192, lingering_max: 85, lowered_because: null });
  const lowered = connectionBudget(limits, 64);
  expect(lowered).toMatchObject({ connections_max: 10, connections_per_uid_max: 7, lingering_max: 1, lowered_because: expect.stringContaining("only 10 fit") });
  for (const descriptors of [64, 128, 256, 1_024, 20_000]) {
    const { connections_max, lingering_max } = connectionBudget({ connections_max: 100_000, connections_per_uid_max: 1 }, descriptors);
    expect(connections_max + 3 * lingering_max).toBeLessThanOrEqual(descriptors - 48);
  }
  expect(() => connectionBudget(limits, 63)).toThrow("LimitNOFILE");
});
