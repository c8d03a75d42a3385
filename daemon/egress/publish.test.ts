/** The helper's publishing against fakes of GitHub's and GitLab's status APIs, which answer as their documentation says and are nothing else. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StatusHost, StatusJob } from "../../proto/status.ts";
import { parseHostConfig } from "../config/host.ts";
import { contextOf, publishStatus } from "./publish.ts";

const HEAD = "a".repeat(40);
const NOW_MS = 1_700_000_000_000;
let dir: string;
let token_file: string;
let seen: { method: string; path: string; headers: Headers; body: unknown }[] = [];
let answer: () => Response | Promise<Response> = () => new Response("{}", { status: 201 });
let fake: ReturnType<typeof Bun.serve>;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-publish-"));
  token_file = join(dir, "token");
  writeFileSync(token_file, "s3cret-token\n", { mode: 0o600 });
  fake = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      seen.push({ method: request.method, path: new URL(request.url).pathname, headers: request.headers, body: await request.json() });
      return answer();
    },
  });
});
afterAll(async () => {
  await fake.stop(true);
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  seen = [];
  answer = () => new Response("{}", { status: 201 });
});

const where = (host: "github" | "gitlab", more: Partial<StatusHost> = {}): StatusHost => ({ host, api: `http://127.0.0.1:${fake.port}${host === "gitlab" ? "/api/v4" : ""}`, project: "acme/app", token_file, ...more });
const job = (state: StatusJob["state"] = "success"): StatusJob => ({ kind: "status", repository: "acme/app", ref: "refs/heads/main", head: HEAD, state, description: "admitted", deadline_ms: 20_000 });
const publish = (to: StatusHost, one = job()) => publishStatus(to, one, "maestro", NOW_MS);

describe("what is said", () => {
  test("to GitHub: state, context and description, no target URL, the token as a bearer", async () => {
    expect(await publish(where("github"), job("error"))).toBe("maestro");
    expect(seen.map(({ method, path, body }) => [method, path, body])).toEqual([["POST", `/repos/acme/app/statuses/${HEAD}`, { state: "error", context: "maestro", description: "admitted" }]]);
    expect(seen[0]?.headers.get("authorization")).toBe("Bearer s3cret-token");
  });

  test("to GitLab: its own words for the states, the project's path as one segment; a status that stands there already is said", async () => {
    for (const state of ["success", "failure", "pending", "error"] as const) await publish(where("gitlab"), job(state));
    expect(seen.map(({ path, body }) => [path, (body as { state: string }).state])).toEqual(["success", "failed", "pending", "failed"].map((state) => [`/api/v4/projects/acme%2Fapp/statuses/${HEAD}`, state]));
    expect(seen[0]?.headers.get("private-token")).toBe("s3cret-token");
    answer = () => Response.json({ message: "Cannot transition status via :enqueue from :pending (Reason(s): Status cannot transition via \"enqueue\")" }, { status: 400 });
    expect(await publish(where("gitlab"), job("pending"))).toBe("maestro");
    await expect(publish(where("github"), job("pending"))).rejects.toMatchObject({ code: "egress.denied" });
  });

  test("one branch has the plain name, several have each their own: no verdict for one speaks for another", () => {
    const to = where("github");
    expect(contextOf(to, ["refs/heads/main"], "refs/heads/main")).toBe("maestro");
    expect(contextOf(to, ["refs/heads/main", "refs/heads/next"], "refs/heads/main")).toBe("maestro (main)");
    expect(contextOf({ ...to, context: "gate" }, ["refs/heads/release/*"], "refs/heads/release/1")).toBe("gate (release/1)");
  });
});

describe("what goes wrong", () => {
  test.each([
    [429, { "retry-after": "7" }, "egress.failed", 7],
    [403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(NOW_MS / 1000 + 30) }, "egress.failed", 30],
    [503, { "retry-after": new Date(NOW_MS + 5_000).toUTCString() }, "egress.failed", 5],
    [429, { "retry-after": "999999999" }, "egress.failed", 3_600],
    [500, {}, "egress.failed", null],
    [401, {}, "egress.denied", null],
    [403, {}, "egress.denied", null],
    [404, {}, "request.not_found", null],
    [422, {}, "request.not_found", null],
  ])("%i %p is %s, asked to wait %p s", async (status, headers, code, retry_after_s) => {
    answer = () => new Response("no", { status, headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])) });
    await expect(publish(where("github"))).rejects.toMatchObject({ code, retry_after_s });
  });

  test("a redirect is not followed: the token goes nowhere else", async () => {
    const thief: string[] = [];
    await using other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => (thief.push(request.headers.get("authorization") ?? "none"), new Response("{}")) });
    for (const status of [301, 302, 307, 308]) {
      answer = () => new Response(null, { status, headers: { location: `http://127.0.0.1:${other.port}/` } });
      await expect(publish(where("github"))).rejects.toMatchObject({ code: "egress.denied" });
    }
    expect(thief).toEqual([]);
  });

  test("silence ends at the deadline, and an endless reply is not read to its end", async () => {
    answer = () => new Promise(() => undefined);
    await expect(publish(where("github"), { ...job(), deadline_ms: 100 })).rejects.toMatchObject({ code: "egress.timeout" });
    answer = () => new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) }), { status: 201 });
    expect(await publish(where("github"))).toBe("maestro");
    await expect(publish(where("github", { api: "http://127.0.0.1:1" }))).rejects.toMatchObject({ code: "egress.failed" });
  });

  test("a reply whose words never come is what its status line says", async () => {
    const halting = (status: number) => () => new Response(new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("half")), pull: () => new Promise(() => undefined) }), { status });
    answer = halting(201);
    expect(await publish(where("github"), { ...job(), deadline_ms: 3_000 })).toBe("maestro");
    answer = halting(401);
    await expect(publish(where("github"), { ...job(), deadline_ms: 3_000 })).rejects.toMatchObject({ code: "egress.denied" });
  });

  test("a token file that others may read, or that holds no token, sends nothing", async () => {
    const open = join(dir, "open");
    writeFileSync(open, "t\n");
    chmodSync(open, 0o644);
    const lines = join(dir, "lines");
    writeFileSync(lines, "one\ntwo\n", { mode: 0o600 });
    for (const path of [open, lines, join(dir, "none")]) await expect(publish(where("github", { token_file: path }))).rejects.toMatchObject({ code: "egress.denied" });
    expect(seen).toEqual([]);
  });
});

test("the table takes no address that a token must not go to", () => {
  const config = (statuses: string) => parseHostConfig(new TextEncoder().encode(`version: 1\ntrust_domain: ci.example.org\nmodes: [host]\ntrust_file: /t.json\nrepositories:\n- {id: acme/app, remote: "https://git.example.org/acme/app.git", target_refs: [refs/heads/main], statuses: {${statuses}}}\n`), "m.yaml");
  const rest = "project: acme/app, token_file: /etc/maestro/token";
  expect(config(`host: github, api: "https://api.github.com", ${rest}`).repositories?.[0]?.statuses?.host).toBe("github");
  for (const api of ["http://api.github.com", "https://user@api.github.com", "https://api.github.com?x=1", "ftp://x"]) expect(() => config(`host: github, api: "${api}", ${rest}`)).toThrow();
  expect(() => config('host: github, api: "https://api.github.com", project: "17", token_file: /t')).toThrow("owner/name");
  expect(() => config(`host: gitlab, api: "https://gitlab.example.org/api/v4", project: "17", token_file: relative`)).toThrow();
});
