/** The page's side of a session, in a browser made of what it uses: a location, a history, a storage and answers. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { problem } from "../../../proto/problem.ts";
import { ERRORS, type ErrorCode } from "../../../proto/errors.ts";
import { openLive, type Live } from "./live.ts";

const TOKEN = "T".repeat(43);
const KEY = "K".repeat(43);
const ABOUT = { version: "1", folder: "/w/invariants", folder_there: true, signer: "user" };

const failing = (code: ErrorCode, detail: string): Response => {
  const document = problem(code, detail, "");
  return new Response(JSON.stringify(document), { status: document.status });
};
const ok = (value: unknown): Response => new Response(JSON.stringify(value));

let asked: { readonly path: string; readonly init: RequestInit }[];
let stored: Map<string, string>;
let address: string;
let reloads: number;
/** The browser tells the page that its fragment is another. */
let changed: () => void;
const before = new Map<string, unknown>();

/** Puts the page at `hash`, before a server that answers so. */
function at(hash: string, answers: (path: string, init: RequestInit) => Response | Promise<Response>, protocol = "http:", storing = true): void {
  address = `/cards${hash}`;
  const storage = { getItem: (name: string) => (storing ? (stored.get(name) ?? null) : fail()), setItem: (name: string, value: string) => (storing ? void stored.set(name, value) : fail()) };
  const fake = {
    location: { protocol, hash, pathname: "/cards", reload: () => void reloads++ },
    addEventListener: (_type: string, listener: () => void) => void (changed = listener),
    history: { replaceState: (_state: null, _title: string, url: string) => void (address = url) },
    sessionStorage: storage,
    fetch: (path: string, init: RequestInit) => {
      asked.push({ path, init });
      return Promise.resolve(answers(path, init));
    },
  };
  for (const [name, value] of Object.entries(fake)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
const fail = (): never => {
  throw new DOMException("denied", "SecurityError");
};

beforeEach(() => {
  asked = [];
  stored = new Map();
  reloads = 0;
  for (const name of ["location", "history", "sessionStorage", "fetch", "addEventListener"]) before.set(name, Reflect.get(globalThis, name));
});
afterEach(() => {
  for (const [name, value] of before) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
});

async function open(): Promise<Live> {
  const opening = await openLive();
  if (opening.at !== "open") throw new Error(JSON.stringify(opening));
  return opening.live;
}

describe("opening", () => {
  test("from disk nobody is asked, whatever the address says", async () => {
    at(`#${TOKEN}`, () => fail(), "file:");
    expect([await openLive(), asked]).toEqual([{ at: "disk" }, []]);
  });

  test("a link is exchanged once: the token goes in a body, leaves the address, and is not kept", async () => {
    at(`#${TOKEN}`, () => ok({ key: KEY, about: ABOUT }));
    expect((await open()).about).toEqual({ ...ABOUT, signer: "user" });
    expect([address, asked.map(({ path }) => path), asked[0]?.init.body, JSON.stringify([...stored.values()])]).toEqual(["/cards", ["/session"], JSON.stringify({ token: TOKEN }), JSON.stringify([KEY])]);
    expect(asked[0]?.init).toMatchObject({ credentials: "omit", redirect: "error", cache: "no-store" });
  });

  test("a reload, and a page whose own state stands in the address, use the key that is kept", async () => {
    for (const hash of ["", "#sort=cost&verdict=refuse"]) {
      stored.set("maestro.session", KEY);
      at(hash, () => ok(ABOUT));
      await open();
      expect([asked.at(-1)?.init.headers, address]).toEqual([{ authorization: `Bearer ${KEY}` }, `/cards${hash}`]);
    }
  });

  test("a used link says so and what to do, but not in the tab whose session it made", async () => {
    const used = () => failing("ui.session", "this link was used, or a newer one was made");
    at(`#${TOKEN}`, used);
    expect(await openLive()).toMatchObject({ at: "closed", failure: { why: "session", said: expect.stringMatching(/^This link was used.*press Enter/) } });
    stored.set("maestro.session", KEY);
    at(`#${TOKEN}`, (_path, { method }) => (method === "POST" ? used() : ok(ABOUT)));
    await open();
  });

  test("a browser that keeps nothing opens all the same; nobody there is said to be nobody", async () => {
    at(`#${TOKEN}`, () => ok({ key: KEY, about: ABOUT }), "http:", false);
    await open();
    at(`#${TOKEN}`, () => Promise.reject(new TypeError("Failed to fetch")));
    expect(await openLive()).toMatchObject({ at: "closed", failure: { why: "ended" } });
  });
});

describe("a new link in the same tab, where only the fragment changes", () => {
  const NEW = "N".repeat(43);
  const arrives = (hash: string): void => {
    Reflect.set(Reflect.get(globalThis, "location") as object, "hash", hash);
    changed();
  };

  test("an open page goes on with the new key, and what it holds stays", async () => {
    at(`#${TOKEN}`, (_path, { body }) => (body === undefined ? ok({}) : ok({ key: String(body).includes(NEW) ? NEW : KEY, about: ABOUT })));
    const live = await open();
    arrives(`#${NEW}`);
    arrives("#verdict=refuse");
    await Promise.resolve();
    for (let i = 0; i < 5; i++) await live.daemon("/v1/status");
    expect([asked.at(-1)?.init.headers, address, reloads, [...stored.values()]]).toEqual([{ authorization: `Bearer ${NEW}` }, "/cards", 0, [NEW]]);
  });

  test("one that was not opened is loaded anew with it, and for nothing else", async () => {
    at("", () => fail());
    expect(await openLive()).toMatchObject({ at: "closed" });
    arrives("#verdict=refuse");
    expect(reloads).toBe(0);
    arrives(`#${NEW}`);
    expect(reloads).toBe(1);
  });
});

describe("asking", () => {
  async function live(answer: () => Response | Promise<Response>): Promise<Live> {
    at(`#${TOKEN}`, () => ok({ key: KEY, about: ABOUT }));
    const opened = await open();
    at("", answer);
    return opened;
  }

  test("a daemon that is gone, a session that is over, a server that ended and a refusal are four things", async () => {
    const answers: readonly (readonly [answer: () => Response | Promise<Response>, why: string])[] = [
      [() => failing("daemon.unreachable", "nothing answers"), "daemon"],
      [() => failing("daemon.draining", "it stops"), "daemon"],
      [() => failing("api.version", "other"), "daemon"],
      [() => failing("ui.session", "over"), "session"],
      [() => Promise.reject(new TypeError("NetworkError")), "ended"],
      [() => failing("release.denied", "not yours"), "refused"],
      [() => new Response("<html>", { status: 500 }), "refused"],
    ];
    for (const [answer, why] of answers) expect(await (await live(answer)).daemon("/v1/status")).toMatchObject({ ok: false, failure: { why } });
  });

  test("a title does not point to the detail that stands beside it", async () => {
    const reply = await (await live(() => failing("release.denied", "nobody is listed"))).daemon("/v1/status");
    expect(reply).toMatchObject({ failure: { said: "This person or this proof may not release that change. nobody is listed" } });
    expect(await (await live(() => failing("release.denied", ""))).daemon("/v1/status")).toMatchObject({ failure: { said: ERRORS["release.denied"].sentence } });
  });

  test("an answer that breaks off is none", async () => {
    expect(await (await live(() => new Response('{"rows":[1,'))).daemon("/v1/cards/newest")).toMatchObject({ ok: false, failure: { code: "worker.protocol" } });
  });

  test("events come one by one, however the bytes are cut; a failure among them is the answer", async () => {
    const lines = [{ event: "progress", step: "caf\u00e9" }, { event: "result" }].map((event) => `${JSON.stringify(event)}\n`).join("");
    const bytes = new TextEncoder().encode(lines);
    for (const size of [1, 3, bytes.length]) {
      const body = (): Response => new Response(new ReadableStream({ start: (controller) => { for (let i = 0; i < bytes.length; i += size) controller.enqueue(bytes.slice(i, i + size)); controller.close(); } }));
      const heard: unknown[] = [];
      expect([await (await live(body)).events("/api/approve", {}, (event) => heard.push(event)), heard.length]).toEqual([{ ok: true, value: null }, 2]);
      expect(heard[0]).toEqual({ event: "progress", step: "caf\u00e9" });
    }
    const refused = `${JSON.stringify({ event: "failure", problem: problem("release.stale", "asked for too late", "") })}\n`;
    expect(await (await live(() => new Response(refused))).events("/api/approve", {}, () => undefined)).toMatchObject({ ok: false, failure: { why: "refused", code: "release.stale" } });
  });
});
