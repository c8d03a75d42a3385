import { afterEach, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { NDJSON } from "../../../proto/routes.ts";
import type { Handler } from "./index.ts";
import { connect, get, streamOf, untilClosed, untilText } from "./testing/raw.ts";
import { serve, type Served } from "./testing/serve.ts";

let served: Served | null = null;
afterEach(async () => {
  await served?.end();
  served = null;
});
/** A handler whose answer is held back until `finish`, and the moment when a request has come to it. */
function held(): { readonly handler: Handler; readonly begun: Promise<void>; readonly finish: () => void } {
  const [begun, finished] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const handler: Handler = async () => {
    begun.resolve();
    await finished.promise;
    return new Response("finished");
  };
  return { handler, begun: begun.promise, finish: finished.resolve };
}

test("a stop lets the request in flight finish, refuses new ones and removes the socket", async () => {
  const { handler, begun, finish } = held();
  served = await serve(handler);
  const socket = await connect(served.path);
  const closed = untilClosed(socket);
  socket.write(get("/"));
  await begun;
  const stopped = served.server.stop(30_000);
  expect(existsSync(served.path)).toBe(false);
  await expect(connect(served.path)).rejects.toMatchObject({ code: "ENOENT" });
  finish();
  await stopped;
  const { text } = await closed;
  expect(text).toContain("finished");
  expect(text).toMatch(/connection: close/i);
});

test("idle connections do not hold up a stop", async () => {
  served = await serve(() => new Response("finished"));
  const socket = await connect(served.path);
  socket.write(get("/"));
  await untilText(socket, "finished");
  const start = performance.now();
  await served.server.stop(60_000);
  expect(performance.now() - start).toBeLessThan(30_000);
});

test("past the drain deadline what is left is aborted", async () => {
  let reason: unknown = null;
  const begun = Promise.withResolvers<void>();
  served = await serve(async (_request, call) => {
    begun.resolve();
    await new Promise((resolve) => call.signal.addEventListener("abort", resolve));
    reason = call.signal.reason;
    return new Response();
  });
  const socket = await connect(served.path);
  socket.write(get("/"));
  await begun.promise;
  const start = performance.now();
  await served.server.stop(100);
  expect(performance.now() - start).toBeWithin(80, 30_000);
  expect(reason).toMatchObject({ code: "daemon.draining" });
});

test("a second stop cuts the first one short", async () => {
  const { handler, begun, finish } = held();
  served = await serve(handler);
  const socket = await connect(served.path);
  socket.write(get("/"));
  await begun;
  const start = performance.now();
  const patient = served.server.stop(60_000);
  await served.server.stop(0);
  await patient;
  expect(performance.now() - start).toBeLessThan(30_000);
  finish();
});

test("a large reply under way is delivered whole", async () => {
  served = await serve(() => {
    async function* lines() {
      for (let i = 0; i < 64; i++) {
        yield new Uint8Array(65_536).fill(0x78);
        await Bun.sleep(2);
      }
    }
    return new Response(streamOf(lines()), { headers: { "content-type": NDJSON } });
  });
  const socket = await connect(served.path);
  const closed = untilClosed(socket);
  socket.write(get("/", "connection: close\r\n"));
  await untilText(socket, "x");
  await served.server.stop(60_000);
  const { text } = await closed;
  expect(text.match(/x/g)?.length).toBeGreaterThanOrEqual(64 * 65_536);
  expect(text).toEndWith("\r\n0\r\n\r\n");
});
