import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { IntakeId, IntakeReply, IntakeRequest, PackReply, Problem } from "../../proto/api.ts";
import { route } from "./index.ts";
import { exchange } from "../platform/socket/testing/raw.ts";
import { serve, type ServedApi } from "./testing/serve.ts";

const OPENED = { intake_id: `intake-${"a".repeat(26)}`, repo_id: "local:0:x" };
const GOOD = { repository: "x", object_format: "sha1", cuts: [], tips: ["a".repeat(40)] } as const;
const BODY_BYTES_MAX = 2_000;
let api: ServedApi;
let handled: unknown[] = [];

beforeAll(async () => {
  api = await serve({
    routes: [
      route("openIntake", {
        summary: "",
        access: "any",
        params: {},
        request: IntakeRequest,
        reply: IntakeReply,
        body_bytes_max: BODY_BYTES_MAX,
        handle({ body }) {
          handled.push(body);
          return OPENED;
        },
      }),
      route("sendPack", {
        summary: "",
        access: "any",
        params: { id: IntakeId },
        request: null,
        reply: PackReply,
        body_bytes_max: BODY_BYTES_MAX,
        async handle({ params, stream }) {
          let bytes = 0;
          for await (const chunk of stream) bytes += chunk.length;
          handled.push(params);
          return { objects: 0, bytes, warnings: [] };
        },
      }),
    ],
    limits: { json_depth_max: 8, linger_ms: 50 },
  });
});
afterAll(() => api.end());
beforeEach(() => {
  handled = [];
});

const post = (body: NonNullable<RequestInit["body"]>, headers: Record<string, string> = {}): Promise<Response> => api.fetch("/v1/intakes", { method: "POST", body, headers: { "content-type": "application/json", ...headers } });

async function refusal(response: Promise<Response>): Promise<Pick<Problem, "code" | "status" | "detail">> {
  const { code, status, detail } = Value.Parse(Problem, await (await response).json());
  expect(handled).toEqual([]);
  return { code, status, detail };
}

test("a body that fits its schema arrives as it was sent", async () => {
  const reply = await post(JSON.stringify(GOOD), { "content-type": "application/json; charset=utf-8" });
  expect(await reply.json()).toEqual(OPENED);
  expect(handled).toEqual([GOOD]);
});

describe("hostile JSON", () => {
  const text = JSON.stringify(GOOD);
  test.each([
    ["cut short", text.slice(0, -1), "JSON:"],
    ["two documents", text + text, "JSON: text after the document"],
    ["a duplicate key", text.replace("{", '{"repository":"y",'), 'duplicate key "repository"'],
    ["a duplicate key spelled with an escape", text.replace("{", '{"\\u0072epository":"y",'), "duplicate key"],
    ["an unknown field", text.replace("{", '{"admin":true,'), "body/admin: Unexpected property"],
    ["a field named __proto__", text.replace("{", '{"__proto__":{"cuts":[]},'), "body/__proto__: Unexpected property"],
    ["a wrong type", text.replace('"x"', "7"), "body/repository: Expected string"],
    ["a missing field", '{"repository":"x"}', "body/object_format"],
    ["no object at all", "[]", "body: Expected object"],
    ["deep nesting", "[".repeat(500), "nested deeper than 8"],
    ["an integer that would be rounded", text.replace('"x"', "9007199254740993"), "integer outside"],
    ["a lone surrogate", text.replace('"x"', '"\\ud800"'), "lone surrogate"],
    ["nothing", "", "JSON:"],
  ])("%s is refused before the handler", async (_name, body, detail) => {
    const refused = await refusal(post(body));
    expect(refused).toMatchObject({ code: "request.malformed", status: 400 });
    expect(refused.detail).toContain(detail);
  });

  test("bytes that are not UTF-8 are refused", async () => {
    expect(await refusal(post(new Uint8Array([0x22, 0xff, 0x22])))).toMatchObject({ detail: "not valid UTF-8" });
  });

  test("what was wrong is not repeated to the log", async () => {
    await refusal(post(text.replace('"x"', '"hunter2\\u0000"')));
    expect(JSON.stringify(api.book.lines)).not.toContain("hunter2");
  });
});

test("an oversize body is refused by its announced length, before it is sent", async () => {
  const { text } = await exchange(api.path, "POST /v1/intakes HTTP/1.1\r\nhost: d\r\ncontent-type: application/json\r\ncontent-length: 999999999999\r\n\r\n");
  expect(text).toStartWith("HTTP/1.1 413");
  expect(text).toContain(`limit ${BODY_BYTES_MAX} bytes`);
});

test.each(["POST /v1/intakes", `PUT /v1/intakes/${OPENED.intake_id}/pack`])("a chunked body without a length is cut off at the limit: %s", async (target) => {
  const chunks = "400\r\n".concat("x".repeat(1_024), "\r\n").repeat(64);
  const { text } = await exchange(api.path, `${target} HTTP/1.1\r\nhost: d\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`);
  expect(text).toStartWith("HTTP/1.1 413");
  expect(handled).toEqual([]);
});

test("a stream route takes bytes of any kind up to its limit", async () => {
  const reply = await api.fetch(`/v1/intakes/${OPENED.intake_id}/pack`, { method: "PUT", body: new Uint8Array(BODY_BYTES_MAX) });
  expect(await reply.json()).toEqual({ objects: 0, bytes: BODY_BYTES_MAX, warnings: [] });
  expect(handled).toEqual([{ id: OPENED.intake_id }]);
});

test.each(["intake-UPPER", "..%2f..%2fetc", "%ff", "%00"])("a path part that does not fit its schema is refused: %s", async (id) => {
  expect(await refusal(api.fetch(`/v1/intakes/${id}/pack`, { method: "PUT", body: "x" }))).toMatchObject({ code: "request.malformed", detail: expect.stringContaining("path/id") });
});

test("other content types and encodings are 415", async () => {
  const form = { "content-type": "application/x-www-form-urlencoded" };
  expect(await refusal(post(JSON.stringify(GOOD), form))).toMatchObject({ code: "request.media_type", status: 415, detail: "send content-type: application/json" });
  expect(await refusal(post(JSON.stringify(GOOD), { "content-encoding": "gzip" }))).toMatchObject({ code: "request.media_type" });
});

test("a body or a query nobody reads is refused, not ignored", async () => {
  expect(await refusal(api.fetch("/v1/stop", { method: "POST", body: "{}" }))).toMatchObject({ code: "request.malformed", detail: "this route takes no body" });
  expect(await refusal(api.fetch("/v1/status?verbose=1"))).toMatchObject({ code: "request.malformed", detail: "no route takes a query" });
  expect(api.stops.count).toBe(0);
});
