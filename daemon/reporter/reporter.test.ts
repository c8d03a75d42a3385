/** Order, newest wins, retries and forged rows: over real evidence, with a feed and a host that do as they are told. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Statement } from "../../proto/attestation.ts";
import { gateId, type Identity } from "../../proto/change.ts";
import { toBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { FeedEntry } from "../../proto/feed.ts";
import { makeBundle, newRing, NOW, SAMPLE_IDENTITY, trustWith, type Ring } from "../testing/evidence.ts";
import { deliveryGuard } from "./guard.ts";
import { openCursor, STATE_FILE, type Cursor } from "./cursor.ts";
import { Reporter } from "./reporter.ts";
import { wordsFor } from "./words.ts";

const ring = newRing();
const hosted = (of: Ring): Uint8Array => trustWith(of, (body) => ({ ...body, keys: body.keys.map((key) => ({ ...key, modes: ["host", "local"] as const, repository_ids: ["*"] })) }) as typeof body);
const TRUST = hosted(ring);
const IDLE_MS = 7;

let dir: string;
let cursor: Cursor;
let rows: FeedEntry[];
let bundles: Map<string, { attempt: number; bundle: string }>;
let said: { head: string; ref: string; state: string }[];
let told: Record<string, unknown>[];
let failing: MaestroError[];
let gone: MaestroError = new MaestroError("request.not_found", "the bundle is gone");
let onPublish: () => void;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-reporter-"));
  cursor = openCursor(dir);
  [rows, bundles, said, told, failing, onPublish] = [[], new Map(), [], [], [], () => undefined];
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

interface Made {
  readonly identity?: Partial<Identity>;
  readonly attempt?: number;
  readonly mode?: "host" | "local";
  readonly ring?: Ring;
}

/** A verdict on record. */
function decide({ identity = {}, attempt = 1, mode = "host", ring: by = ring }: Made = {}): FeedEntry {
  const whole = { ...SAMPLE_IDENTITY, ...identity };
  const gate_id = gateId(whole);
  bundles.set(gate_id, { attempt, bundle: toBase64(makeBundle(by, { identity, mode, attempt: { attempt, supersedes: attempt === 1 ? null : attempt - 1 } })) });
  const entry: FeedEntry = { place: rows.length, gate_id, attempt, repo_id: whole.repo_id, head: whole.head, verdict: "hold" };
  rows.push(entry);
  return entry;
}

function reporter(trust = TRUST): Reporter {
  return new Reporter(
    {
      feed: (after) => Promise.resolve({ next: Math.max(after, rows.length), more: false, total: rows.length, entries: rows.slice(after) }),
      bundle: (gate_id) => {
        const kept = bundles.get(gate_id);
        return kept === undefined ? Promise.reject(gone) : Promise.resolve({ gate_id, ...kept });
      },
      trust: () => trust,
      publishes: (repo_id) => !repo_id.startsWith("unpublished"),
      publish: ({ head, ref, state }) => {
        const error = failing.shift();
        if (error !== undefined) return Promise.reject(error);
        said.push({ head, ref, state });
        onPublish();
        return Promise.resolve();
      },
      cursor,
      now_ms: () => NOW.getTime(),
      random: () => 0.5,
      act: deliveryGuard(),
      tell: (line) => void told.push(line),
    },
    IDLE_MS,
  );
}

/** To the end of the feed; what it waited for in between. */
async function drained(one = reporter()): Promise<number[]> {
  const waits: number[] = [];
  for (let i = 0; i < 200; i++) {
    const { wait_ms } = await one.step();
    if (wait_ms === IDLE_MS) return waits;
    if (wait_ms > 0) waits.push(wait_ms);
  }
  throw new Error("the reporter does not come to an end");
}
const heads = (): string[] => said.map(({ head }) => head[0]!);
const busy = (retry_after_s?: number) => new MaestroError("egress.failed", "503", retry_after_s === undefined ? {} : { retry_after_s });

describe("exactly the newest verdict of a head", () => {
  test("in order, each once; of a head with several only the newest", async () => {
    decide({ identity: { head: "a".repeat(40) } });
    decide({ identity: { head: "b".repeat(40) } });
    decide({ identity: { head: "a".repeat(40), base: "9".repeat(40) } });
    expect(await drained()).toEqual([]);
    expect([heads(), cursor.state.next, cursor.state.published]).toEqual([["b", "a"], 3, 2]);
    expect(await drained()).toEqual([]);
    expect(heads()).toEqual(["b", "a"]);
  });

  test("an attempt that another one of its gate superseded is left to that one", async () => {
    const first = decide();
    decide({ attempt: 2 });
    rows[0] = { ...first, attempt: 1 };
    await drained();
    expect([said.length, told.at(-1)?.["attempt"]]).toEqual([1, 2]);
  });

  test("a verdict for another branch does not take the place of this one's", async () => {
    decide({ identity: { target_ref: "refs/heads/main" } });
    decide({ identity: { target_ref: "refs/heads/release" } });
    await drained();
    expect(said.map(({ ref }) => ref)).toEqual(["refs/heads/main", "refs/heads/release"]);
  });

  test("what is given while an older one is tried again takes its place", async () => {
    decide({ identity: { head: "a".repeat(40) } });
    failing = [busy()];
    const one = reporter();
    expect((await one.step()).wait_ms).toBeGreaterThan(0);
    decide({ identity: { head: "a".repeat(40), base: "9".repeat(40) } });
    await drained(one);
    expect([said.length, told.filter(({ event }) => event === "published").map(({ place }) => place)]).toEqual([1, [1]]);
  });
});

describe("nothing that nobody signed", () => {
  test.each([
    ["evidence of a key nobody trusts", () => decide({ ring: newRing() })],
    ["a row that names another head", () => (rows[rows.indexOf(decide())] = { ...rows[0]!, head: "f".repeat(40) })],
    ["a row that names another repository", () => (rows[rows.indexOf(decide())] = { ...rows[0]!, repo_id: "acme/other" })],
    ["a bundle of another gate under this one's name", () => {
      const entry = decide();
      bundles.set(entry.gate_id, { attempt: 1, bundle: toBase64(makeBundle(ring, { mode: "host", identity: { head: "e".repeat(40) }, attempt: { attempt: 1, supersedes: null } })) });
    }],
    ["a bundle with one bit turned", () => {
      const entry = decide();
      const bytes = Buffer.from(bundles.get(entry.gate_id)!.bundle, "base64");
      bytes[bytes.length >> 1]! ^= 1;
      bundles.set(entry.gate_id, { attempt: 1, bundle: toBase64(bytes) });
    }],
  ])("%s is given up, said and not published", async (_, forge) => {
    forge();
    await drained();
    expect([said, cursor.state.dead_total, cursor.state.dead[0]?.because.startsWith("its evidence")]).toEqual([[], 1, true]);
  });

  test("the row's own verdict is not believed", async () => {
    rows[rows.indexOf(decide())] = { ...rows[0]!, verdict: "admit" };
    await drained();
    expect(said.map(({ state }) => state)).toEqual(["pending"]);
  });

  test.each(["request.not_found", "store.corrupt"] as const)("evidence that is gone or damaged (%s) is given up, and stops none of those after it", async (code) => {
    gone = new MaestroError(code, "the bundle is gone");
    bundles.delete(decide({ identity: { head: "a".repeat(40) } }).gate_id);
    decide({ identity: { head: "b".repeat(40) } });
    await drained();
    expect([heads(), cursor.state.dead[0]?.because]).toEqual([["b"], `its evidence cannot be had: ${code}: the bundle is gone`]);
  });

  test("mode local is a claim, and a repository without statuses is nobody's: both are passed over", async () => {
    decide({ mode: "local" });
    decide({ identity: { repo_id: "unpublished/x" } });
    await drained();
    expect([said, cursor.state.next, cursor.state.dead_total]).toEqual([[], 2, 0]);
  });
});

describe("a host that does not answer", () => {
  test("waits twice as long each time, or as long as it is asked to; then gives up and goes on", async () => {
    decide({ identity: { head: "a".repeat(40) } });
    decide({ identity: { head: "b".repeat(40) } });
    failing = [busy(), busy(), busy(60), ...Array.from({ length: 7 }, () => busy())];
    const waits = await drained();
    expect(waits.slice(0, 3)).toEqual([750, 1_500, 60_500]);
    expect(waits).toHaveLength(9);
    expect([heads(), cursor.state.dead.map(({ head }) => head[0])]).toEqual([["b"], ["a"]]);
  });

  test("a token that may not is not tried again", async () => {
    decide();
    failing = [new MaestroError("egress.denied", "401")];
    expect(await drained()).toEqual([]);
    expect(cursor.state.dead[0]?.because).toContain("egress.denied: 401");
  });
});

describe("how far it came", () => {
  test("killed between publishing and the cursor: published once more, and nothing is left out", async () => {
    decide({ identity: { head: "a".repeat(40) } });
    decide({ identity: { head: "b".repeat(40) } });
    onPublish = () => {
      onPublish = () => undefined;
      throw new Error("killed");
    };
    await expect(drained()).rejects.toThrow("killed");
    expect(openCursor(dir).state.next).toBe(0);
    cursor = openCursor(dir);
    await drained();
    expect(heads()).toEqual(["a", "a", "b"]);
  });

  test("the state is whole or the one before; a file of somebody else's stops it", async () => {
    decide();
    await drained();
    expect(JSON.parse(readFileSync(join(dir, STATE_FILE), "utf8"))).toEqual({ v: 1, next: 1, last: { gate_id: rows[0]!.gate_id, attempt: 1 }, published: 1, dead: [], dead_total: 0 });
    writeFileSync(join(dir, `${STATE_FILE}.next`), "half");
    expect(openCursor(dir).state.next).toBe(1);
    writeFileSync(join(dir, STATE_FILE), '{"v":1,"next":-1}');
    expect(() => openCursor(dir)).toThrow("move it away");
  });

  test("a daemon whose state came back from a backup is followed from its beginning", async () => {
    decide({ identity: { head: "a".repeat(40) } });
    decide({ identity: { head: "b".repeat(40) } });
    await drained();
    rows = [];
    decide({ identity: { head: "c".repeat(40) } });
    await drained();
    expect([heads(), told.some(({ event }) => event === "feed began anew")]).toEqual([["a", "b", "c"], true]);
  });

  test("one that has grown past the old place before anybody looked is, too: no verdict is left out", async () => {
    decide({ identity: { head: "a".repeat(40) } });
    decide({ identity: { head: "b".repeat(40) } });
    await drained();
    rows.splice(1);
    for (const head of ["c", "d", "e"]) decide({ identity: { head: head.repeat(40) } });
    await drained();
    expect([heads(), told.filter(({ event }) => event === "feed began anew").length]).toEqual([["a", "b", "a", "c", "d", "e"], 1]);
  });
});

test("words: nothing but an admit that still holds is success, and no text of the change is in them", () => {
  const of = (verdict: "admit" | "refuse" | "hold", rules: string[] = [], lapsed = false) => wordsFor({ predicate: { verdict, attempt: { attempt: 3, valid_until: "2026-11-23T09:59:00Z" }, reasons: rules.map((rule) => ({ rule, effect: verdict, observed: false })) } } as Statement, lapsed);
  expect(of("admit")).toEqual({ state: "success", description: "admitted, attempt 3, until 2026-11-23T09:59:00Z" });
  expect(of("admit", [], true).state).toBe("pending");
  expect(of("refuse", ["secret.token"])).toEqual({ state: "failure", description: "refused, attempt 3: secret.token" });
  expect(of("hold", ["ci.changed", "guard.self-edit"])).toEqual({ state: "pending", description: "held for a person, attempt 3: ci.changed, guard.self-edit" });
  expect(of("hold", ["ci.changed", "gate.check-unavailable"]).state).toBe("error");
  expect(of("hold", Array.from({ length: 9 }, (_, i) => `a-rule-with-a-very-long-name-${i}.and-a-second-part`)).description.length).toBeLessThanOrEqual(140);
});

test("attack: the shipped rule about retries is asked by nobody; a try too many, one at once, and an event that is none", () => {
  const guard = deliveryGuard();
  const tried = { attempt: 2, attempts_max: 10, waited: 500, backoff_max: 300_000 };
  guard("delivery_tried", tried);
  guard("delivery_tried", { ...tried, attempt: 1, waited: 0 });
  for (const wrong of [{ attempt: 11 }, { waited: 0 }, { waited: 300_001 }, { attempts_max: undefined }]) expect(() => guard("delivery_tried", { ...tried, ...wrong })).toThrow("INV.RETRY.BOUNDED");
  expect(() => guard("delivery_treid", tried)).toThrow("guard.unreadable");
});
