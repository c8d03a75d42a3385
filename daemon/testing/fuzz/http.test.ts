/** Bytes that are almost HTTP, over the real socket: each connection ends, and the daemon goes on serving. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { utf8 } from "../../../proto/encoding.ts";
import { connect, eventually, get, exchange, untilClosed } from "../../platform/socket/testing/raw.ts";
import { footprint, loaded, type Loaded } from "../load/crowd.ts";
import { times } from "../scale.ts";
import { diceOf, mutated } from "./mutate.ts";

setDefaultTimeout(120_000);
const LIMITS = { header_timeout_ms: 300, body_idle_timeout_ms: 300, body_deadline_ms: 1_000, keep_alive_timeout_ms: 300, linger_ms: 100, connections_max: 200, connections_per_uid_max: 200 };
const BODY = JSON.stringify({ repository: "x", object_format: "sha1", cuts: [], tips: ["a".repeat(40)] });
const post = (body: string, headers = "", type = "application/json"): string => `POST /v1/intakes HTTP/1.1\r\nhost: d\r\ncontent-type: ${type}\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;
const SOUND = [
  utf8(get("/v1/version", "connection: close\r\n")),
  utf8(get("/v1/version") + get("/v1/health", "connection: close\r\n")),
  utf8(post(BODY)),
  utf8(`POST /v1/intakes HTTP/1.1\r\nhost: d\r\ntransfer-encoding: chunked\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n4\r\n{"a"\r\n3;x=y\r\n:1}\r\n0\r\nt: v\r\n\r\n`),
];

/** Of no more patience than a test has, and of as much as a daemon has. */
let server: Loaded;
let patient: Loaded;
beforeAll(async () => {
  [server, patient] = [await loaded(LIMITS), await loaded({})];
});
afterAll(() => Promise.all([server, patient].map((each) => each[Symbol.asyncDispose]())));

const statusOf = (text: string): number => Number(/^HTTP\/1\.1 ([0-9]{3}) /.exec(text)?.[1] ?? 0);

async function send(bytes: Uint8Array, to = server): Promise<{ readonly text: string; readonly after_ms: number }> {
  const socket = await connect(to.path);
  const ended = untilClosed(socket);
  socket.write(bytes);
  return ended;
}

test("mutants of sound requests: every connection ends in time, with an answer of HTTP or none, and nothing is left open", async () => {
  const dice = diceOf(20_261_122);
  const before = footprint(server.pid);
  let answered = 0;
  for (let round = 0; round < times(6); round++) {
    const all = await Promise.all(Array.from({ length: 50 }, () => send(mutated(SOUND, dice))));
    for (const { text, after_ms } of all) {
      expect(after_ms).toBeLessThan(8_000);
      expect(text).toMatch(/^(?:$|HTTP\/1\.1 )/);
      expect(statusOf(text)).not.toBe(500);
      if (text !== "") answered += 1;
    }
  }
  expect(answered).toBeGreaterThan(50);
  const { text } = await exchange(server.path, get("/v1/version", "connection: close\r\n"));
  expect(statusOf(text)).toBe(200);
  expect(await eventually(() => footprint(server.pid).descriptors <= before.descriptors + 4)).toBe(true);
});

test("requests smuggled behind a body whose length is said twice or wrongly are never answered", async () => {
  const hidden = get("/v1/health");
  const heads = [
    `content-length: 4\r\ncontent-length: 9\r\n`,
    `content-length: 4\r\ntransfer-encoding: chunked\r\n`,
    `transfer-encoding: xchunked\r\n`,
    `transfer-encoding: chunked, identity\r\n`,
    `content-length: +4\r\n`,
    `content-length: 0x4\r\n`,
    `content-length : 4\r\n`,
  ];
  for (const head of heads) {
    const { text } = await send(utf8(`POST /v1/intakes HTTP/1.1\r\nhost: d\r\n${head}\r\n0\r\n\r\n${hidden}`));
    // Some of them Bun's parser drops without a word, which answers nothing either.
    expect({ head, refused: [0, 400].includes(statusOf(text)) }).toEqual({ head, refused: true });
    expect(text).not.toContain('"status":"ok"');
  }
});

test("msgpack is taken nowhere, sound or malformed: 415 before a byte of it is read", async () => {
  const bodies = ["\x81\xa1a\x01", "\xdf\xff\xff\xff\xff", "\xdd\xff\xff\xff\xff", "\xc6\xff\xff\xff\xff", "\x91".repeat(100_000)];
  for (const type of ["application/msgpack", "application/x-msgpack", "application/vnd.msgpack"]) {
    for (const body of bodies) {
      const { text } = await send(utf8(post(body, "", type)), patient);
      expect([statusOf(text), text.includes("request.media_type")]).toEqual([415, true]);
    }
  }
});

test("compressed bodies are taken nowhere: gzip, zstd, br and deflate are 415, so no bomb is unpacked", async () => {
  const bomb = Bun.gzipSync(new Uint8Array(4_000_000));
  for (const coding of ["gzip", "zstd", "br", "deflate", "x-gzip", "identity"]) {
    const head = `POST /v1/intakes HTTP/1.1\r\nhost: d\r\ncontent-type: application/json\r\ncontent-encoding: ${coding}\r\nconnection: close\r\ncontent-length: ${bomb.length}\r\n\r\n`;
    expect([coding, statusOf((await send(Buffer.concat([utf8(head), bomb]), patient)).text)]).toEqual([coding, 415]);
  }
});

test("deep, huge and wide JSON is refused in bounded time and memory, announced or not", async () => {
  const chunked = (body: string): string => `POST /v1/intakes HTTP/1.1\r\nhost: d\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const bodies: readonly (readonly [string, number])[] = [
    ["[".repeat(900_000), 400],
    [`{"a":`.repeat(150_000), 400],
    [`[${"0,".repeat(450_000)}0]`, 400],
    [`{"repository":"${"x".repeat(2_000_000)}"}`, 413],
    [`{"n":9007199254740993}`, 400],
    [`{"repository":"\\ud800"}`, 400],
    [`{"repository":"a","repository":"b"}`, 400],
    [`{"__proto__":{"access":"operator"}}`, 400],
  ];
  const before = footprint(patient.pid).rss_bytes;
  for (const [body, status] of bodies) {
    for (const request of [post(body), chunked(body)]) {
      const { cpu_s } = footprint(patient.pid);
      const { text } = await send(utf8(request), patient);
      expect([body.slice(0, 30), statusOf(text)]).toEqual([body.slice(0, 30), status]);
      // The daemon's work, not how long a busy machine let it wait.
      expect(footprint(patient.pid).cpu_s - cpu_s).toBeLessThan(3);
    }
  }
  // Once the garbage collector has been.
  expect(await eventually(() => footprint(patient.pid).rss_bytes - before < 150 * 1024 * 1024)).toBe(true);
});

test("a hundred drips at once, headers and bodies: all are cut off while others are served at once", async () => {
  const drips = await Promise.all(Array.from({ length: 100 }, () => connect(server.path)));
  let cut = 0;
  const ends = drips.map((socket, i) => {
    socket.write(i % 2 === 0 ? "GET /v1/version HTTP/1.1\r\nx: " : "POST /v1/intakes HTTP/1.1\r\nhost: d\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{");
    const drip = setInterval(() => socket.write(" "), 50);
    return untilClosed(socket).finally(() => {
      clearInterval(drip);
      cut += 1;
    });
  });
  expect(statusOf((await exchange(server.path, get("/v1/version", "connection: close\r\n"))).text)).toBe(200);
  // Whoever is served behind them comes after the last one's end.
  expect(cut).toBeLessThan(drips.length);
  for (const { text, after_ms } of await Promise.all(ends)) {
    // A body that may come drop by drop is whole after 25 s.
    expect(after_ms).toBeLessThan(15_000);
    expect(statusOf(text)).toBe(408);
  }
});
