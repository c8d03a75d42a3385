/** A command and a daemon of an earlier release, which speaks the same number and lacks a route: said as that, and not as something that was not found. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { route } from "../api/route.ts";
import { serve, type ServedApi } from "../api/testing/serve.ts";
import { ShortText } from "../../proto/scalar.ts";
import { MaestroError } from "../../proto/errors.ts";
import { GateReply } from "../../proto/api.ts";
import { API_VERSION } from "../../proto/routes.ts";
import { MaestroClient } from "./maestro.ts";

let api: ServedApi;
beforeAll(async () => {
  const missing = (): never => {
    throw new MaestroError("request.not_found", "abcdef is no gate on record");
  };
  // Of the routes of this release it has two: status and recorded gates.
  api = await serve({ routes: [route("recordedGate", { access: "read", request: null, body_bytes_max: 0, summary: "a gate", params: { id: ShortText }, reply: GateReply, handle: missing })] });
});
afterAll(() => api.end());

test("what the daemon has not is the daemon's age; what it did not find is not", async () => {
  const client = new MaestroClient(api.path);
  const older = { code: "api.version", detail: expect.stringMatching(/^it has no GET \/v1\/report\/.*: this daemon is older than the command; restart it$/) };
  await expect(client.report("7d", "*")).rejects.toMatchObject(older);
  await expect(client.gateRecord("abcdef")).rejects.toMatchObject({ code: "request.not_found", detail: "abcdef is no gate on record" });
  // Nothing, or dots, is no name of a gate, whoever is asked.
  for (const id of ["", ".", ".."]) await expect(client.gateRecord(id)).rejects.toMatchObject({ code: expect.stringMatching(/^request\./) });
  expect((await client.version()).api).toBe(API_VERSION);
});
