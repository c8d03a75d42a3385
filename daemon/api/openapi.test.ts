import { afterAll, beforeAll, expect, test } from "bun:test";
import { GateEvent, GateRequest, IntakeId, PackReply } from "../../proto/api.ts";
import { ROUTES } from "../../proto/routes.ts";
import { route } from "./index.ts";
import { serve, type ServedApi } from "./testing/serve.ts";

let api: ServedApi;
let text = "";
let document: { openapi: string; paths: Record<string, Record<string, Record<string, unknown>>>; components: { schemas: Record<string, unknown> } };

beforeAll(async () => {
  api = await serve({
    routes: [
      route("gate", { summary: "Gate a change", access: "any", params: {}, request: GateRequest, reply: GateEvent, body_bytes_max: 9, handle: async function* () {} }),
      route("sendPack", { summary: "Send", access: "any", params: { id: IntakeId }, request: null, reply: PackReply, body_bytes_max: 9, handle: () => ({ objects: 0, bytes: 0, warnings: [] }) }),
    ],
  });
  text = await (await api.fetch("/openapi.json")).text();
  document = JSON.parse(text);
});
afterAll(() => api.end());

test("the document lists exactly the registered routes, itself included", () => {
  expect(document.openapi).toBe("3.1.1");
  expect(Object.keys(document.paths).sort()).toEqual(["/healthz", "/metrics", "/openapi.json", "/readyz", "/v1/gates", "/v1/intakes/{id}/pack", "/v1/status", "/v1/stop", "/v1/trust", "/v1/version"]);
  const ids = Object.values(document.paths).flatMap((methods) => Object.values(methods).map((operation) => operation["operationId"]));
  const known: unknown[] = Object.keys(ROUTES);
  for (const id of ids) expect(known).toContain(id);
  expect(new Set(ids).size).toBe(ids.length);
});

test("request, reply and event schemas are those that are enforced", () => {
  const gate = document.paths["/v1/gates"]?.["post"];
  expect(gate).toMatchObject({
    requestBody: { required: true, content: { "application/json": { schema: JSON.parse(JSON.stringify(GateRequest)) } } },
    responses: { "200": { content: { "application/x-ndjson": { schema: JSON.parse(JSON.stringify(GateEvent)) } } } },
  });
  expect(document.paths["/v1/intakes/{id}/pack"]?.["put"]).toMatchObject({
    parameters: [{ name: "id", in: "path", required: true, schema: { pattern: IntakeId.pattern } }],
    requestBody: { content: { "application/octet-stream": {} } },
  });
});

test("every reference resolves, and every operation can end in a problem", () => {
  const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]);
  expect(new Set(references)).toEqual(new Set(["#/components/schemas/Problem"]));
  expect(document.components.schemas["Problem"]).toMatchObject({ type: "object", additionalProperties: false });
  for (const methods of Object.values(document.paths)) {
    for (const operation of Object.values(methods)) expect(operation["responses"]).toHaveProperty("default.content.application/problem+json");
  }
});

test("the operator's routes say so", () => {
  expect(document.paths["/v1/stop"]?.["post"]?.["description"]).toContain("root");
});
