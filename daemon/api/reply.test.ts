import { afterEach, expect, test } from "bun:test";
import { GateEvent, GateRequest } from "../../proto/api.ts";
import { MaestroError } from "../../proto/errors.ts";
import { connect, eventually, untilText } from "../platform/socket/testing/raw.ts";
import { route, type Route, type RouteCall } from "./index.ts";
import { serve, type ServedApi } from "./testing/serve.ts";

let api: ServedApi | null = null;
afterEach(async () => {
  await api?.end();
  api = null;
});

const REQUEST = JSON.stringify({ intake_id: `intake-${"a".repeat(26)}`, target_ref: "refs/heads/main", target: "a".repeat(40), head: "b".repeat(40) });
const PROGRESS: GateEvent = { event: "progress", stage: "checks", check: null, result: null, duration_us: 1 };

const gate = (handle: (call: RouteCall<"gate">) => AsyncGenerator<GateEvent, void>): Route =>
  route("gate", { summary: "", access: "any", params: {}, request: GateRequest, reply: GateEvent, body_bytes_max: 10_000, handle });

async function events(handle: Parameters<typeof gate>[0]): Promise<Response> {
  api = await serve({ routes: [gate(handle)] });
  return api.fetch("/v1/gates", { method: "POST", body: REQUEST, headers: { "content-type": "application/json" } });
}

test("events leave one per line as they happen", async () => {
  const second = Promise.withResolvers<void>();
  const reply = await events(async function* () {
    yield PROGRESS;
    await second.promise;
    yield { ...PROGRESS, stage: "policy" };
  });
  expect(reply.headers.get("content-type")).toBe("application/x-ndjson");
  const reader = reply.body?.getReader();
  const line = async (): Promise<unknown> => JSON.parse(new TextDecoder().decode((await reader?.read())?.value));
  expect(await line()).toEqual(PROGRESS);
  expect(api?.book.lines).toEqual([]);
  second.resolve();
  expect(await line()).toEqual({ ...PROGRESS, stage: "policy" });
  expect((await reader?.read())?.done).toBe(true);
  expect(api?.book.lines).toEqual([{ level: "info", fields: expect.objectContaining({ route: "gate", status: 200, ended: "sent" }) }]);
});

test("a failure before the first event has its own status", async () => {
  const reply = await events(async function* () {
    throw new MaestroError("intake.unknown", "that one");
  });
  expect(reply.status).toBe(404);
  expect(await reply.json()).toMatchObject({ code: "intake.unknown", detail: "that one" });
});

test("a failure after the first event is the last line, without a bug's words", async () => {
  const reply = await events(async function* () {
    yield PROGRESS;
    throw new Error("secret");
  });
  const text = await reply.text();
  const [, failure] = text.trimEnd().split("\n").map((line): unknown => JSON.parse(line));
  expect(failure).toMatchObject({ event: "failure", problem: { code: "internal.bug", request_id: reply.headers.get("maestro-request-id") } });
  expect(text).not.toContain("secret");
  expect(api?.book.lines).toEqual([{ level: "error", fields: expect.objectContaining({ ended: "failed", err: new Error("secret") }) }]);
});

test("a client that leaves ends the work: signal aborted, generator finished, one line says so", async () => {
  let finished = false;
  let signal: AbortSignal | null = null;
  api = await serve({
    routes: [
      gate(async function* (call) {
        signal = call.signal;
        try {
          yield PROGRESS;
          await new Promise((resolve) => call.signal.addEventListener("abort", resolve));
          yield PROGRESS;
        } finally {
          finished = true;
        }
      }),
    ],
  });
  const socket = await connect(api.path);
  socket.write(`POST /v1/gates HTTP/1.1\r\nhost: d\r\ncontent-type: application/json\r\ncontent-length: ${REQUEST.length}\r\n\r\n${REQUEST}`);
  await untilText(socket, "progress");
  socket.destroy();
  expect(await eventually(() => finished)).toBe(true);
  expect(signal).toMatchObject({ aborted: true, reason: { code: "request.cancelled" } });
  expect(api.book.lines).toEqual([{ level: "info", fields: expect.objectContaining({ ended: "cancelled" }) }]);
});
