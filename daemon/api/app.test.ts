import { afterEach, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { Value } from "@sinclair/typebox/value";
import { HealthReply, Problem } from "../../proto/api.ts";
import { MaestroError } from "../../proto/errors.ts";
import { systemClock } from "../platform/clock.ts";
import { skipWithout } from "../testing/skip.ts";
import { createApi, route } from "./index.ts";
import { LogBook, serve, type ServedApi, STATUS, VERSION } from "./testing/serve.ts";

let api: ServedApi | null = null;
afterEach(async () => {
  await api?.end();
  api = null;
});

const started = async (...settings: Parameters<typeof serve>): Promise<ServedApi> => (api = await serve(...settings));
const problemIn = async (response: Response): Promise<Problem> => {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const problem = Value.Parse(Problem, await response.json());
  expect(problem.status).toBe(response.status);
  expect(problem.request_id).toBe(response.headers.get("maestro-request-id") ?? "");
  return problem;
};

test("health, readiness, version and status answer with their schemas' documents", async () => {
  const { fetch } = await started();
  expect(await (await fetch("/healthz")).json()).toEqual({ status: "ok" });
  expect(await (await fetch("/readyz")).json()).toEqual({ status: "ok" });
  expect(await (await fetch("/v1/version")).json()).toEqual(VERSION);
  expect(await (await fetch("/v1/status")).json()).toEqual(STATUS);
});

test("a daemon that cannot do its work is alive but not ready, and says why", async () => {
  const { fetch } = await started({
    ready: () => {
      throw new MaestroError("store.no_space", "3 bytes left");
    },
  });
  expect((await fetch("/healthz")).status).toBe(200);
  expect(await problemIn(await fetch("/readyz"))).toMatchObject({ code: "store.no_space", status: 507, detail: "3 bytes left", retry: true });
});

test("an unknown path is 404, a known path with another method 405 with Allow, both as problems", async () => {
  const { fetch } = await started();
  expect(await problemIn(await fetch("/v1/nothing"))).toMatchObject({ code: "request.not_found" });
  expect(await problemIn(await fetch("/v1/status/"))).toMatchObject({ code: "request.not_found" });
  const wrong = await fetch("/v1/stop");
  expect(wrong.headers.get("allow")).toBe("POST");
  expect(await problemIn(wrong)).toMatchObject({ code: "request.method", detail: "allowed: POST" });
});

test("a bug is 500 with a request id, and its words are in the log alone", async () => {
  const { fetch, book } = await started({
    ready: () => {
      throw new TypeError("secret key is 0xabc");
    },
  });
  const problem = await problemIn(await fetch("/readyz"));
  expect(problem).toMatchObject({ code: "internal.bug", status: 500 });
  expect(JSON.stringify(problem)).not.toContain("secret");
  expect(book.lines).toEqual([{ level: "error", fields: expect.objectContaining({ request_id: problem.request_id, err: new TypeError("secret key is 0xabc") }) }]);
});

test("every reply has a request id of ours; a client's own is not taken over", async () => {
  const { fetch } = await started();
  const ids = await Promise.all([1, 2, 3].map(async () => (await fetch("/healthz", { headers: { "maestro-request-id": "forged" } })).headers.get("maestro-request-id") ?? ""));
  expect(new Set(ids).size).toBe(3);
  for (const id of ids) expect(id).toMatch(/^[a-z2-7]{8}-[0-9]+$/);
});

test("a client of another version is told so, whatever it asks; one without a version is served", async () => {
  const { fetch } = await started();
  for (const target of ["/v1/status", "/v2/anything"]) {
    expect(await problemIn(await fetch(target, { headers: { "maestro-api": "2" } }))).toMatchObject({ code: "api.version", status: 426 });
  }
  const reply = await fetch("/v1/status", { headers: { "maestro-api": "1" } });
  expect(reply.status).toBe(200);
  expect(reply.headers.get("maestro-api")).toBe("1");
});

test("a one-letter host reaches its route even without the socket server in front", async () => {
  const health = route("health", { access: "open", params: {}, request: null, body_bytes_max: 0, summary: "", reply: HealthReply, handle: () => ({ status: "ok" }) });
  const handler = createApi({ routes: [health], limits: { json_depth_max: 8 }, log: new LogBook(), clock: systemClock, own_uid: 0 });
  const call = { id: "r1", peer: { pid: 1, uid: 1, gid: 1, groups: [] }, signal: new AbortController().signal };
  expect((await handler(new Request("http://d/healthz"), call)).status).toBe(200);
});

test("the operator may stop the daemon", async () => {
  const { fetch, stops } = await started();
  expect(await (await fetch("/v1/stop", { method: "POST" })).json()).toEqual({ stopping: true, pid: process.pid });
  expect(stops.count).toBe(1);
});

const asNobody = process.getuid?.() === 0 && Bun.which("setpriv") !== null && Bun.which("curl") !== null;
test.skipIf(skipWithout(asNobody, "request of another user: needs root, setpriv and curl"))("attack: another user who can connect learns the version and nothing of the daemon's work, and cannot stop it", async () => {
  const { path, dir, stops, book } = await started({ mode: 0o666 });
  chmodSync(dir.folder, 0o755);
  const curl = async (...args: string[]): Promise<unknown> => {
    const child = Bun.spawn(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "curl", "-s", "--unix-socket", path, ...args], { stdio: ["ignore", "pipe", "ignore"] });
    return JSON.parse(await new Response(child.stdout).text());
  };
  expect(await curl("http://d/v1/version")).toEqual(VERSION);
  expect(await curl("http://d/v1/status")).toMatchObject({ code: "auth.denied", status: 403 });
  expect(await curl("-X", "POST", "http://d/v1/stop")).toMatchObject({ code: "auth.denied", status: 403 });
  expect(stops.count).toBe(0);
  expect(book.lines.map(({ fields }) => fields["uid"])).toEqual([65_534, 65_534, 65_534]);
});

test("each request leaves one line: who, what, how long, how it ended", async () => {
  const { fetch, book } = await started();
  await fetch("/v1/status");
  await fetch("/v1/smuggled%0aline");
  expect(book.lines).toEqual([
    { level: "info", fields: { request_id: expect.stringMatching(/-1$/), route: "status", method: "GET", status: 200, uid: process.getuid?.(), pid: process.pid, duration_us: expect.any(Number), ended: "sent" } },
    { level: "info", fields: expect.objectContaining({ route: null, status: 404, ended: "failed", code: "request.not_found" }) },
  ]);
  expect(JSON.stringify(book.lines)).not.toContain("smuggled");
});

test("what the socket server refuses is logged with the id the client was given", async () => {
  const { fetch, book } = await started({ limits: { header_bytes_max: 1_000 } });
  const refused = await fetch("/healthz", { headers: { x: "y".repeat(2_000) } });
  expect(refused.status).toBe(431);
  const problem = Value.Parse(Problem, await refused.json());
  expect(book.lines).toEqual([{ level: "warn", fields: expect.objectContaining({ code: "request.headers_too_large", request_id: problem.request_id }) }]);
});
