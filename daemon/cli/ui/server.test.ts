/** The loopback server against what reaches it: other sites, other names, other users of the machine, and a daemon that is not there. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { API_VERSION, API_VERSION_HEADER } from "../../../proto/routes.ts";
import { locationsOf } from "../../../proto/locations.ts";
import type { Problem } from "../../../proto/api.ts";
import type { SessionReply } from "../../../proto/ui.ts";
import { MaestroClient } from "../../client/maestro.ts";
import { SocketClient } from "../../client/socket.ts";
import { Approvals } from "./approving.ts";
import { InvariantsFolder } from "./folder.ts";
import { serve, type Serving } from "./server.ts";
import { Sessions } from "./session.ts";

const BODY_MS_MAX = 200;
/** A rule that ships, under an id of one's own. */
const RULE = readFileSync(join(import.meta.dir, "../../../invariants/agent-budget.yaml"), "utf8").replace("INV.BUDGET.CAP", "TEAM.BUDGET.CAP");

let home: string;
let serving: Serving;
let sessions: Sessions;
let key: string;
let socket_path: string;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "maestro-ui-"));
  mkdirSync(join(home, "invariants"));
  socket_path = join(home, "s.sock");
  sessions = new Sessions();
  const options = { patience_ms: 0 };
  const folder = new InvariantsFolder(join(home, "invariants"));
  const approvals = new Approvals(new MaestroClient(socket_path, options), { key: null, folder: home, terminal: { pause: () => undefined, resume: () => undefined } }, { locations: locationsOf({ HOME: home }), values: {} });
  const about = () => ({ version: "1", folder: folder.path, folder_there: folder.there, signer: "user" }) as const;
  serving = serve(0, { sessions, approvals, folder, about, body_ms_max: BODY_MS_MAX, daemon: new SocketClient(socket_path, options), pages: async () => new TextEncoder().encode("<!doctype html>") });
  key = ((await (await post("/session", { token: sessions.newToken() })).json()) as SessionReply).key;
});
afterEach(async () => {
  await serving.stop();
  rmSync(home, { recursive: true, force: true });
});

type Headers = Readonly<Record<string, string>>;
const origin = (): string => `http://${serving.authority}`;
const bearer = (): Headers => ({ authorization: `Bearer ${key}` });
const get = (path: string, headers: Headers = bearer()): Promise<Response> => fetch(origin() + path, { headers, redirect: "manual" });
const post = (path: string, body: unknown, headers: Headers = {}, method = "POST"): Promise<Response> => fetch(origin() + path, { method, headers: { "content-type": "application/json", ...headers }, body: typeof body === "string" ? body : JSON.stringify(body) });
const said = async (response: Response): Promise<[number, string]> => [response.status, ((await response.json()) as Problem).code];

/** One request as bytes, whatever a client library would make of it; what came back until the connection closed or `enough` of it was there. */
function raw(text: string, enough = /\r\n\r\n/): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = net.connect(Number(serving.authority.split(":")[1]), "127.0.0.1", () => socket.write(text));
  let heard = "";
  socket.on("data", (chunk) => {
    heard += chunk.toString();
    if (enough.test(heard)) socket.end();
  });
  socket.on("error", reject);
  socket.on("close", () => resolve(heard));
  return promise;
}

/** A daemon's socket that answers everything alike. */
function daemon(reply: (request: Request) => Response): { stop: () => Promise<void> } {
  const server = Bun.serve({ unix: socket_path, fetch: reply });
  return { stop: () => server.stop(true) };
}

describe("who is answered", () => {
  test("a page without a session, whatever asks for it to be shown; nothing else", async () => {
    const page = await get("/studio", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" });
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect((await get("/", {})).headers.get("location")).toBe("/cards");
    for (const path of ["/session", "/api/invariants", "/api/v1/status", "/nothing"]) expect(await said(await get(path, {}))).toEqual([401, "ui.session"]);
    expect((await get("/session")).status).toBe(200);
  });

  test("every reply is kept by nobody, guessed by nobody, framed by nobody", async () => {
    const replies = [await get("/cards"), await get("/session"), await get("/api/invariants"), await get("/nothing"), await get("/session", {})];
    for (const { headers } of replies) {
      expect(["cache-control", "x-content-type-options", "x-frame-options", "cross-origin-opener-policy", "cross-origin-resource-policy", "referrer-policy"].map((name) => headers.get(name))).toEqual(["no-store", "nosniff", "DENY", "same-origin", "same-origin", "no-referrer"]);
      expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
      expect([headers.get("access-control-allow-origin"), headers.get("set-cookie")]).toEqual([null, null]);
    }
  });

  test("attack: a name that was pointed at this machine (DNS rebinding), or this address by another name or port", async () => {
    const port = serving.authority.split(":")[1];
    for (const host of ["evil.example", `evil.example:${port}`, `localhost:${port}`, `127.0.0.1`, `127.0.0.1:1`, `127.0.0.1.evil.example:${port}`, `[::1]:${port}`, `127.0.0.1:${port}.`]) {
      for (const path of ["/cards", "/session"]) expect(await raw(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${key}\r\n\r\n`)).toStartWith("HTTP/1.1 403");
    }
    expect(await raw(`GET /session HTTP/1.1\r\nHost: ${serving.authority}\r\nAuthorization: Bearer ${key}\r\n\r\n`)).toStartWith("HTTP/1.1 200");
    expect(await raw(`GET /session HTTP/1.0\r\nAuthorization: Bearer ${key}\r\n\r\n`)).not.toContain(" 200 ");
  });

  test("attack: another site's page, even with the key: by its Origin, and by what the browser says of it", async () => {
    for (const foreign of ["http://evil.example", "null", "http://127.0.0.1:1", `https://${serving.authority}`, `${origin()}.evil.example`]) expect(await said(await get("/session", { ...bearer(), origin: foreign }))).toEqual([403, "ui.origin"]);
    for (const site of ["cross-site", "same-site", "none"]) expect(await said(await get("/api/invariants", { ...bearer(), "sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }))).toEqual([403, "ui.origin"]);
    // A page that is embedded is not one that was opened.
    for (const dest of ["iframe", "object", "image", "empty"]) expect(await said(await get("/cards", { "sec-fetch-site": "cross-site", "sec-fetch-mode": dest === "iframe" ? "navigate" : "no-cors", "sec-fetch-dest": dest }))).toEqual([403, "ui.origin"]);
    expect((await get("/session", { ...bearer(), origin: origin(), "sec-fetch-site": "same-origin" })).status).toBe(200);
  });

  test("attack: a form of another site, and a request whose type needs no leave of the browser", async () => {
    const token = sessions.newToken();
    for (const type of ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "application/json; charset=utf-8"]) expect(await said(await post("/session", { token }, { "content-type": type }))).toEqual([415, "request.media_type"]);
    expect(await said(await post("/session", { token }, { origin: "http://evil.example" }))).toEqual([403, "ui.origin"]);
    expect((await fetch(`${origin()}/session`, { method: "OPTIONS", headers: { origin: "http://evil.example", "access-control-request-method": "POST" } })).headers.get("access-control-allow-origin")).toBeNull();
    // The link is unspent.
    expect((await post("/session", { token })).status).toBe(200);
    expect(await said(await post("/session", { token }))).toEqual([401, "ui.session"]);
  });

  test("bodies: too long, too slow, broken, with a field too many", async () => {
    expect(await said(await post("/session", { token: "A".repeat(2000) }))).toEqual([413, "request.too_large"]);
    expect(await said(await post("/api/invariants/a.yaml", "x".repeat(600_000), bearer(), "PUT"))).toEqual([413, "request.too_large"]);
    for (const body of ["", "{", "null", '{"token":1}', JSON.stringify({ token: sessions.newToken(), more: 1 })]) expect(await said(await post("/session", body))).toEqual([400, "request.malformed"]);
    const head = `POST /session HTTP/1.1\r\nHost: ${serving.authority}\r\nContent-Type: application/json\r\n`;
    expect(await raw(`${head}Content-Length: 60\r\n\r\n{`)).toStartWith("HTTP/1.1 408");
    expect(await raw(`${head}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`)).toStartWith("HTTP/1.1 408");
    expect(await raw(`${head}Transfer-Encoding: chunked\r\n\r\n800\r\n${"x".repeat(0x800)}\r\n`)).toStartWith("HTTP/1.1 413");
  });

  test("attack: 1,000 connections that begin a request and do not end it keep nobody waiting", async () => {
    const port = Number(serving.authority.split(":")[1]);
    const opened = await Promise.all(Array.from({ length: 1_000 }, () => {
      const { promise, resolve, reject } = Promise.withResolvers<net.Socket>();
      const socket = net.connect(port, "127.0.0.1", () => socket.write(`POST /session HTTP/1.1\r\nHost: ${serving.authority}\r\n`, () => resolve(socket)));
      socket.on("error", reject);
      return promise;
    }));
    try {
      expect((await get("/session")).status).toBe(200);
      expect((await post("/session", { token: sessions.newToken() })).status).toBe(200);
    } finally {
      for (const socket of opened) socket.destroy();
    }
  });
});

describe("what is behind", () => {
  test("a file is saved, read, and not written over by a tab that has not seen it", async () => {
    const saved = (await (await post("/api/invariants/a.yaml", { text: RULE, replaces: null }, bearer(), "PUT")).json()) as object;
    expect(saved).toMatchObject({ saved: true });
    expect(await (await post("/api/invariants/a.yaml", { text: `${RULE}\n`, replaces: null }, bearer(), "PUT")).json()).toMatchObject({ saved: false, because: "changed", now: { text: RULE } });
    expect(await (await get("/api/invariants/a.yaml")).json()).toMatchObject({ name: "a.yaml", text: RULE });
    expect(await (await get("/api/invariants")).json()).toMatchObject({ files: [{ name: "a.yaml" }] });
    expect(await said(await post("/api/invariants/a.yaml", { text: RULE, replaces: null }, {}, "PUT"))).toEqual([401, "ui.session"]);
  });

  test("attack: a path that leads out of the folder in every spelling", async () => {
    for (const name of ["..%2fx.yaml", "%2e%2e%2fx.yaml", "..%5cx.yaml", "%2fetc%2fpasswd", "a.yaml%00", "a.yaml/../../x.yaml", "%ff.yaml", ".%2e/x.yaml"]) {
      const response = await post(`/api/invariants/${name}`, { text: RULE, replaces: null }, bearer(), "PUT");
      expect([name, response.status >= 400 && response.status < 500]).toEqual([name, true]);
    }
    expect(await raw(`PUT /api/invariants/../../x.yaml HTTP/1.1\r\nHost: ${serving.authority}\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`)).toMatch(/^HTTP\/1\.1 4/);
    expect(existsSync(join(home, "x.yaml"))).toBe(false);
  });

  test("a daemon that is stopped, that comes, that is of another version, that is none", async () => {
    expect(await said(await get("/api/v1/status"))).toEqual([503, "daemon.unreachable"]);
    // The page's own work goes on without it.
    expect((await get("/api/invariants")).status).toBe(200);
    const text = '{"a":1.50,"b":"\\u202e"}';
    const running = daemon(() => new Response(text, { headers: { [API_VERSION_HEADER]: API_VERSION, "content-type": "application/json" } }));
    expect(await (await get("/api/v1/status")).text()).toBe(text);
    await running.stop();
    expect(await said(await get("/api/v1/status"))).toEqual([503, "daemon.unreachable"]);
    const other = daemon(() => new Response("{}", { headers: { [API_VERSION_HEADER]: "999" } }));
    expect(await said(await get("/api/v1/status"))).toEqual([426, "api.version"]);
    await other.stop();
    const none = daemon(() => new Response("<html>"));
    expect(await said(await get("/api/v1/status"))).toEqual([426, "api.version"]);
    await none.stop();
  });

  test("attack: of the daemon only what is listed, and only reading", async () => {
    let asked = 0;
    const running = daemon(() => new Response(`${asked++}`, { headers: { [API_VERSION_HEADER]: API_VERSION } }));
    for (const path of ["/api/v1/stop", "/api/v1/config", "/api/v1/learn", "/api/v1/lineage/x/forget", "/api/metrics", "/api/v1/gates", "/api/v1/gates/x/openings/y", "/api//v1/status", "/api/v1/status/", "/api/openapi.json", "/api/v1/gates/..%2f..%2fstop"]) {
      const { status } = await get(path);
      if (path.includes("%2f")) continue;
      expect([path, status]).toEqual([path, 404]);
    }
    for (const method of ["POST", "PUT", "DELETE"]) expect(await said(await post("/api/v1/status", {}, bearer(), method))).toEqual([405, "request.method"]);
    expect(asked).toBe(1);
    await running.stop();
  });

  test("attack: another tab agrees to what it was not shown, with a nonce that it got hold of", async () => {
    const nonce = "n".repeat(26);
    let released = 0;
    const running = daemon(({ url }) => {
      if (url.endsWith("/v1/releases")) released++;
      return Response.json({ request: { nonce }, card: {}, stays: [] }, { headers: { [API_VERSION_HEADER]: API_VERSION } });
    });
    const ask = { gate: `gate:${"a".repeat(52)}`, kind: "approve", reason: "read it" };
    const offered = await post("/api/offer", ask, bearer());
    expect([offered.status, await offered.json()]).toEqual([200, { request: { nonce }, card: {}, stays: [] }]);
    const { key: other } = (await (await post("/session", { token: sessions.newToken() })).json()) as SessionReply;
    const reply = await post("/api/approve", { nonce }, { authorization: `Bearer ${other}` });
    expect([JSON.parse(await reply.text()), released]).toMatchObject([{ event: "failure", problem: { code: "release.stale" } }, 0]);
    await running.stop();
  });

  test("what this page was not shown it cannot agree to", async () => {
    const reply = await post("/api/approve", { nonce: "a".repeat(26) }, bearer());
    expect(JSON.parse(await reply.text())).toMatchObject({ event: "failure", problem: { code: "release.stale" } });
    expect(await said(await post("/api/offer", { gate: "x", kind: "approve", reason: "read it" }, bearer()))).toEqual([400, "request.malformed"]);
  });
});
