/** More clients than a daemon takes: each is answered, or told to come again, and nobody hangs. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { PROBLEM_TYPE } from "../../../proto/problem.ts";
import { connect, eventually, get, untilClosed } from "../../platform/socket/testing/raw.ts";
import { skipWithout } from "../skip.ts";
import { crowds, footprint, loaded, outcomesOf } from "./crowd.ts";

setDefaultTimeout(120_000);
const PRLIMIT = Bun.which("prlimit");

test("3,000 requests at once from three processes of ours: every one is answered", async () => {
  await using server = await loaded();
  const before = footprint(server.pid);
  const all = await crowds(server.path, 3, 1_000, 30_000, 50_000);
  expect(outcomesOf(all)).toEqual({ ok: 3_000 });
  expect(await eventually(() => footprint(server.pid).descriptors <= before.descriptors + 8)).toBe(true);
  // One line of the log a second tells of thousands of refusals.
  expect(server.log().split("\n").length).toBeLessThan(60);
});

test("without patience each is answered or request.busy, and none is cut off without a word", async () => {
  await using server = await loaded({ connections_max: 16, connections_per_uid_max: 12 });
  const outcomes = outcomesOf(await crowds(server.path, 1, 80, 0, 30_000));
  expect((outcomes["ok"] ?? 0) + (outcomes["request.busy"] ?? 0)).toBe(80);
  expect(outcomes["request.busy"]).toBeGreaterThan(0);
});

test("a burst of bare connections: whoever is turned away reads a whole 503 with Retry-After and a problem document", async () => {
  await using server = await loaded({ connections_max: 8, connections_per_uid_max: 8, linger_ms: 30_000 });
  const sockets = await Promise.all(Array.from({ length: 60 }, () => connect(server.path)));
  const texts = await Promise.all(sockets.map(async (socket) => (socket.write(get("/v1/version", "connection: close\r\n")), (await untilClosed(socket)).text)));
  const refused = texts.filter((text) => !text.startsWith("HTTP/1.1 200"));
  expect(refused.length).toBeGreaterThan(20);
  for (const text of refused) {
    const [head = "", body = ""] = text.split("\r\n\r\n");
    expect(head).toStartWith("HTTP/1.1 503");
    expect(head).toContain(`content-type: ${PROBLEM_TYPE}`);
    expect(head).toMatch(/\r\nretry-after: [0-9]+(\r\n|$)/);
    expect(JSON.parse(body)).toMatchObject({ status: 503, code: "request.busy", retry: true });
  }
});

test.skipIf(skipWithout(PRLIMIT !== null, "prlimit (util-linux) is not installed, so a short RLIMIT_NOFILE is not tried"))("64 descriptors and a crowd of 400: the cap is lowered and said, accept does not spin, and all are answered in the end", async () => {
  await using server = await loaded({}, [PRLIMIT ?? "", "--nofile=64"]);
  expect(server.log()).toContain("only 10 fit");
  // Held open and silent: more than there are descriptors. Who is turned away may be cut off before it knows that it was connected.
  const held = await Promise.all(Array.from({ length: 55 }, () => connect(server.path).catch(() => null)));
  const before_s = footprint(server.pid).cpu_s;
  await Bun.sleep(700);
  expect(footprint(server.pid).cpu_s - before_s).toBeLessThan(0.35);
  expect(held.filter((socket) => socket !== null).length).toBeGreaterThan(9);
  held.forEach((socket) => socket?.destroy());
  expect(outcomesOf(await crowds(server.path, 1, 400, 30_000, 50_000))).toEqual({ ok: 400 });
});
