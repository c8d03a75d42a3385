/** Limits, retries and where a token may go, against a fake host over real HTTP. */
import { createServer } from "node:net";
import { describe, expect, test } from "bun:test";
import { askedWait, CommentTrouble, HostApi, type ApiClock } from "./api.ts";
import { FakeHost } from "./testing/fake-host.ts";
import { apiUrl } from "./where.ts";

const NOW_MS = 1_800_000_000_000;

function clock(): ApiClock & { readonly slept: number[] } {
  const slept: number[] = [];
  return { slept, now_ms: () => NOW_MS, random: () => 0.5, sleep: (ms) => Promise.resolve(slept.push(ms)) };
}
const apiOf = (fake: FakeHost, time: ApiClock): HostApi => new HostApi(`${fake.url}/api/v4`, { "private-token": "token-bot" }, time);

/** Answers `times` requests with `reply`, then none. */
function failing(fake: FakeHost, times: number, reply: () => Response): void {
  let left = times;
  fake.fault = () => (left-- > 0 ? reply() : undefined);
}

test("a rate limit is waited out as the host asks, with jitter on top, also for a POST", async () => {
  using fake = new FakeHost("gitlab");
  failing(fake, 1, () => fake.json({}, 429, { "retry-after": "7" }));
  const time = clock();
  await apiOf(fake, time).ask("POST", "/projects/34/merge_requests/12/notes", { body: "x" });
  expect(time.slept).toEqual([7_250]);
  expect(fake.comments).toHaveLength(1);
});

test("GitHub's 403 with nothing remaining is a rate limit, one with plenty is a refusal", async () => {
  using fake = new FakeHost("gitlab");
  failing(fake, 1, () => fake.json({}, 403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(NOW_MS / 1000 + 3) }));
  const time = clock();
  await apiOf(fake, time).ask("GET", "/user");
  expect(time.slept).toEqual([3_250]);
  failing(fake, 1, () => fake.json({}, 403, { "x-ratelimit-remaining": "42" }));
  await expect(apiOf(fake, time).ask("GET", "/user")).rejects.toMatchObject({ kind: "denied" });
});

test("server errors are tried four times, each wait longer, and then given up", async () => {
  using fake = new FakeHost("gitlab");
  failing(fake, 99, () => fake.json({}, 502));
  const time = clock();
  await expect(apiOf(fake, time).ask("GET", "/user")).rejects.toMatchObject({ kind: "failed", message: expect.stringContaining("after 4 tries") });
  expect(time.slept).toEqual([750, 1_250, 2_250]);
  expect(fake.seen).toHaveLength(4);
});

test("attack: a host that asks for an hour gets no minute of the job", async () => {
  using fake = new FakeHost("gitlab");
  failing(fake, 99, () => fake.json({}, 429, { "retry-after": "3600" }));
  const time = clock();
  await expect(apiOf(fake, time).ask("GET", "/user")).rejects.toThrow("asks to wait 3601 s");
  expect([time.slept, fake.seen.length]).toEqual([[], 1]);
});

test("a host that does not answer at all is tried again; a POST to it is not", async () => {
  const fake = new FakeHost("gitlab");
  const { url } = fake;
  fake[Symbol.dispose]();
  const time = clock();
  const api = new HostApi(url, {}, time);
  await expect(api.ask("GET", "/user")).rejects.toMatchObject({ kind: "failed" });
  await expect(api.ask("POST", "/x", {})).rejects.toMatchObject({ kind: "lost" });
  expect(time.slept).toHaveLength(3);
});

test("attack: a redirect does not carry the token elsewhere", async () => {
  using fake = new FakeHost("gitlab");
  using elsewhere = new FakeHost("gitlab");
  failing(fake, 1, () => new Response(null, { status: 302, headers: { location: `${elsewhere.url}/api/v4/user` } }));
  await expect(apiOf(fake, clock()).ask("GET", "/user")).rejects.toMatchObject({ kind: "failed" });
  expect(elsewhere.seen).toEqual([]);
});

test("attack: a reply without end is cut off, and one that is no JSON is none", async () => {
  using fake = new FakeHost("gitlab");
  failing(fake, 1, () => new Response(`"${"x".repeat(17 * 1024 * 1024)}"`));
  await expect(apiOf(fake, clock()).ask("GET", "/user")).rejects.toThrow("larger than");
  failing(fake, 1, () => new Response("<html>"));
  await expect(apiOf(fake, clock()).ask("GET", "/user")).rejects.toThrow("not JSON");
});

test("seconds, a date, a reset, and nonsense", () => {
  const wait = (headers: Record<string, string>) => askedWait(new Headers(headers), NOW_MS);
  expect(wait({ "retry-after": "2" })).toBe(2_000);
  expect(wait({ "retry-after": new Date(NOW_MS + 5_000).toUTCString() })).toBe(5_000);
  expect(wait({ "ratelimit-reset": String(NOW_MS / 1000 - 9) })).toBe(0);
  expect([wait({ "retry-after": "soon" }), wait({})]).toEqual([null, null]);
});

describe("where a token may go", () => {
  const url = (api: string, server = "https://github.com") => apiUrl(api, server, "GITHUB_API_URL");
  test("to the job's own server, or api. before it", () => {
    expect(url("https://api.github.com")).toBe("https://api.github.com");
    expect(url("https://code.example.org/api/v3/", "https://code.example.org")).toBe("https://code.example.org/api/v3");
    expect(url("http://127.0.0.1:9/api", "http://127.0.0.1:9")).toBe("http://127.0.0.1:9/api");
  });

  test.each([
    ["another host", "https://evil.example.org", "https://github.com"],
    ["a host that ends alike", "https://evilgithub.com", "https://github.com"],
    ["a host below", "https://api.github.com.evil.example.org", "https://github.com"],
    ["no TLS", "http://api.github.com", "https://github.com"],
    ["another port", "https://github.com:8443", "https://github.com"],
    ["a user in it", "https://github.com@evil.example.org", "https://github.com"],
    ["a file", "file:///etc/passwd", "https://github.com"],
    ["nonsense", "api", "https://github.com"],
  ])("attack: not to %s", (_attack, api, server) => expect(() => url(api, server)).toThrow());
});

test.each([
  ["cut off", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[1"],
  ["not compressed as it says", "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello"],
])("attack: a reply that is %s is a trouble of the comment and no failure of the job; asked again, but never posted again", async (_attack, reply) => {
  let asked = 0;
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      asked++;
      socket.end(reply);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const api = new HostApi(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`, {}, { now_ms: () => 0, sleep: async () => {}, random: () => 0 });
  const kindOf = (error: unknown): string => (error instanceof CommentTrouble ? error.kind : String(error));
  expect(await api.ask("GET", "/x").catch(kindOf)).toBe("failed");
  expect(asked).toBe(4);
  expect(await api.ask("POST", "/x", {}).catch(kindOf)).toBe("lost");
  expect(asked).toBe(5);
  server.close();
});
