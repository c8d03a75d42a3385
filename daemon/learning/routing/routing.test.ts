import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../proto/config.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { RouteAsk, RouteReply, RouterEntry } from "../../../proto/routing.ts";
import { RouteReply as ReplySchema } from "../../../proto/routing.ts";
import type { RoutingPolicy } from "../../../proto/routing-policy.ts";
import { openStore, type Store } from "../../store/db.ts";
import { SeededRandom } from "../../testing/random.ts";
import { EpisodeLog, learnable } from "../episodes/index.ts";
import { drawOf } from "./draw.ts";
import { type Purse, Routing } from "./index.ts";
import { deciderDigest, openKept } from "./kept.ts";
import { digestOf, readPolicy } from "./policy.ts";
import { drawn } from "./propensities.ts";

const T0 = 1_795_392_000_000;
const MODELS: RouterEntry = {
  id: "models", baseline: "large", value_usd_micro: 20_000, outcome_s: 600, reward: { name: "solved", version: 1, min: 0, max: 1 },
  context: [{ name: "kind", type: "choice", values: ["code", "chat"] }, { name: "tokens", type: "number" }, { name: "note", type: "text" }],
  constraints: [{ name: "harm", min: 0, max_value: 1, max: 0.05 }],
  exploration: { epsilon: 0.1, floor: 0.02 },
  arms: [
    { id: "local", capabilities: ["chat"], reversible: true, reward: 0.5, usage: [{ resource: "gpu_us", per: { tokens: 600 } }] },
    { id: "mid", capabilities: ["chat", "code"], reversible: true, reward: 0.75, usage: [{ resource: "usd_micro", per: { tokens: 1 } }, { resource: "tokens", per: { tokens: 1 } }] },
    { id: "large", capabilities: ["chat", "code", "review"], reversible: false, reward: 1, usage: [{ resource: "usd_micro", per: { tokens: 10 } }, { resource: "tokens", per: { tokens: 1 } }] },
  ],
};
const PLAIN: RouterEntry = { ...MODELS, id: "plain", value_usd_micro: 0 };
const LEARNED: RoutingPolicy = {
  type: "maestro.routing-policy", v: 1, router: "models", reward: MODELS.reward, baseline: "large", count_min: 30, exploration: { epsilon: 0.1, floor: 0.02 },
  buckets: [{ field: "kind", values: ["code", "chat"] }],
  cells: [{ at: [0], seen: [{ arm: "local", count: 100, mean: 0.1 }, { arm: "mid", count: 100, mean: 0.98 }, { arm: "large", count: 100, mean: 1 }] }, { at: [1], seen: [{ arm: "local", count: 100, mean: 1 }] }],
};
const ASK: RouteAsk = { router: "models", context: { kind: "code", tokens: 1_000 } };

let dir: string;
let store: Store;
let now_ms: number;
let routers: RouterEntry[];
let routing: Routing;
let log: EpisodeLog;
let warnings: unknown[];
let reserved: Parameters<Purse["reserve"]>[];
let purse: Purse;

function open(): void {
  store = openStore({ state_dir: dir, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: () => undefined });
  routing = new Routing({ store, routers, random: new SeededRandom(now_ms), warn: (_, error) => warnings.push(error) });
  log = new EpisodeLog({ store, now_ms: () => now_ms, keyed: (purpose, value) => new Bun.CryptoHasher("sha256", "k").update(`${purpose} ${value}`).digest("hex"), router: (id) => routers.find((each) => each.id === id) ?? null, episodes_max: 100_000, closed: (episode) => routing.closed(episode) });
}
async function restart(): Promise<void> {
  await store.close();
  open();
}
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "routing-"));
  now_ms = T0;
  routers = [MODELS, PLAIN];
  warnings = [];
  reserved = [];
  purse = { prices: () => ({ epoch: 7, prices: { tokens: 0.01234 } }), short: () => null, least: () => 0, refused: () => undefined, reserve: (...each) => void reserved.push(each) };
  open();
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const route = (more: Partial<RouteAsk> = {}): RouteReply => routing.route(log, "web", { ...ASK, ...more }, purse);
/** In one transaction, so that the disk is waited for once. */
const many = (times: number, more: Partial<RouteAsk> = {}): RouteReply[] => store.atomic(() => Array.from({ length: times }, () => route(more)));
const replay = (id: string): RouteReply => routing.replay(log, id, "web");
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof MaestroError) return `${error.code}: ${error.detail}`;
    throw error;
  }
  return "taken";
}
const POLICY_FILE = "policy.json";
function policyFile(text: string): string {
  const path = join(dir, POLICY_FILE);
  writeFileSync(path, text);
  return path;
}
function learn(text = JSON.stringify(LEARNED), more: Partial<RouterEntry> = {}): void {
  routers = [{ ...MODELS, ...more, policy_file: policyFile(text) }, PLAIN];
  routing.reload(routers);
}

describe("an answer", () => {
  test("is an episode before it leaves: same arm, propensity, prices and reservation, drawn by a seed and a counter", () => {
    const reply = route();
    expect(Value.Check(ReplySchema, reply)).toBe(true);
    const episode = log.get(reply.episode, "web");
    expect(episode).toMatchObject({ executed: reply.arm, propensity: reply.propensity, policy: reply.policy, epoch: 7, prices: reply.prices, forced: null, space: "web" });
    expect(reserved).toEqual([[reply.episode, reply.reserved, T0 + 600_000, { served: expect.any(Number), due: expect.any(Number) }]]);
    expect(reply.until).toBe(new Date(T0 + 600_000).toISOString().replace(".000", ""));
    const u = drawOf(episode?.seed ?? "", episode?.counter ?? -1);
    let sum = 0;
    expect(reply.eligible.find(({ propensity }) => (sum += propensity) > u)?.arm).toBe(reply.arm);
  });

  test("says why in one plain sentence", () => {
    const found = new Set<string>();
    for (const { reason } of many(60, { require: ["code"] })) found.add(reason);
    expect(found).toContain("mid: most worth of 2 that can code by what is expected of them; 1,000 tokens cost 0.012 $ more just now");
    expect([...found].some((reason) => reason.startsWith("mid: one of 2 that can code, drawn at") || reason.startsWith("large: ") === false)).toBe(true);
    expect(route({ require: ["review"] }).reason).toBe("large: nothing else here can review; 1,000 tokens cost 0.012 $ more just now");
    expect(route({ without: ["local", "mid"] }).reason).toStartWith("large: the best of 1 without local and mid, as asked");
    expect(routing.route(log, "web", { ...ASK, router: "plain", require: ["chat"] }, { ...purse, prices: () => ({ epoch: 0, prices: {} }) }).reason).toMatch(/^(?:large: the baseline of 3 that can chat, as long as too little is known of such requests|(?:local|mid): one of 3 that can chat, drawn at 0\.05 to learn what it brings)$/);
  });

  test("is drawn under a seed of its own: whoever reads episodes cannot tell the next draw, and asks for hard work when it suits him", async () => {
    const replies = many(40);
    const seeds = replies.map(({ episode }) => log.get(episode, null)?.seed ?? "");
    expect(new Set(seeds).size).toBe(40);
    const [first = ""] = seeds;
    // What the first seed says of the others: as much as any other guess does.
    const guessed = replies.slice(1).map(({ eligible }, i) => drawn(eligible, drawOf(first, i + 1)).arm);
    expect(guessed).not.toEqual(replies.slice(1).map(({ arm }) => arm));
    await restart();
    expect(many(40).map(({ arm }) => arm)).toEqual(replies.map(({ arm }) => arm));
  });

  test("under the same key it is the same episode, over a restart too, and another request under it is refused", async () => {
    const first = route({ key: "job-7" });
    const again = many(20, { key: "job-7" }).map(({ episode }) => episode);
    await restart();
    expect(new Set([...again, route({ key: "job-7" }).episode])).toEqual(new Set([first.episode]));
    expect(route({ key: "job-7" })).toEqual(first);
    expect(reserved.length).toBe(1);
    expect(refusal(() => route({ key: "job-7", context: { kind: "chat" } }))).toStartWith("learning.episode");
    expect(routing.route(log, "other", { ...ASK, key: "job-7" }, purse).episode).not.toBe(first.episode);
  });

  test("what cannot be asked is refused, and nothing is kept of it", () => {
    expect(refusal(() => route({ router: "none" }))).toBe("request.not_found: there is no router none in the host's configuration");
    expect(refusal(() => route({ context: { size: 1 } }))).toContain("learning.episode: context.size: the router declares no such field");
    expect(refusal(() => route({ context: { kind: "poem" } }))).toContain("context.kind: not one of the values");
    expect(refusal(() => route({ context: { tokens: "many" } }))).toContain("context.tokens: a number is wanted");
    expect(refusal(() => route({ require: ["fly"] }))).toBe("routing.no_arm: models has no arm that can fly");
    expect(refusal(() => route({ require: ["review"], without: ["large"] }))).toBe("routing.no_arm: models has no arm that can review but large, which the request leaves out");
    expect(refusal(() => route({ without: ["nobody"] }))).toBe("learning.episode: without: the router has no arm nobody");
    expect([log.counts().kept, reserved.length]).toEqual([0, 0]);
  });
});

describe("what is forced is kept, and never learned from", () => {
  const learnedFrom = (id: string): boolean => {
    log.outcome(id, "web", { reward: 1 });
    const episode = log.get(id, "web");
    return episode !== null && learnable(episode);
  };

  test("one arm alone, arms left out, arms that the budget does not cover", () => {
    const free = route();
    const short: Purse = { ...purse, short: ({ usd_micro = 0 }) => (usd_micro > 5_000 ? "the budget of web has 4,000 left" : null) };
    const [only, without, budget] = [route({ require: ["review"] }), route({ without: ["local"] }), routing.route(log, "web", ASK, short)];
    expect([free, only, without, budget].map(({ forced, propensity }) => [forced, forced === null ? null : propensity])).toEqual([[null, null], ["only-arm", 1], ["without", 1], ["budget", 1]]);
    expect(budget.eligible.map(({ arm }) => arm)).toEqual(["local", "mid"]);
    expect(budget.reason).toContain("which is not large");
    expect([free, only, without, budget].map(({ episode }) => learnedFrom(episode))).toEqual([true, false, false, false]);
    expect(refusal(() => routing.route(log, "web", ASK, { ...purse, short: () => "the budget of web has nothing left" }))).toBe("tenant.budget: the budget of web has nothing left");
  });

  test("a promise that is refused at the last moment leaves no episode", () => {
    expect(refusal(() => routing.route(log, "web", ASK, { ...purse, reserve: () => { throw new MaestroError("tenant.budget", "gone"); } }))).toBe("tenant.budget: gone");
    expect(log.counts().kept).toBe(0);
  });
});

describe("a learned policy", () => {
  test("decides from the next request on where enough was seen, and the baseline where it was not", () => {
    learn();
    const code = many(80).map(({ arm }) => arm);
    expect(code.filter((arm) => arm === "mid").length).toBeGreaterThan(55);
    const chat = many(80, { context: { kind: "chat", tokens: 1 } });
    expect(chat.filter(({ arm }) => arm === "large").length).toBeGreaterThan(55);
    expect(chat.find(({ arm }) => arm === "large")?.reason).toContain("as long as too little is known");
    expect(routing.status(null)[0]).toEqual({ id: "models", policy: digestOf(LEARNED), problem: null, fallback: null });
  });

  test("another lay-out of the same document is the same policy, and policy_digest names it", () => {
    learn(JSON.stringify(LEARNED, null, 2), { policy_digest: digestOf(LEARNED) });
    expect(routing.status(null)[0]).toMatchObject({ policy: digestOf(LEARNED), problem: null });
    learn(JSON.stringify({ ...LEARNED, count_min: 1 }), { policy_digest: digestOf(LEARNED) });
    expect(routing.status(null)[0]?.problem).toContain("policy_digest names another");
  });

  const BROKEN: Readonly<Record<string, string>> = {
    "is no JSON": "{",
    "is empty": "",
    "is another document": '{"type":"maestro.evaluation"}',
    "stands for another router": JSON.stringify({ ...LEARNED, router: "plain" }),
    "was learned from another version of the reward": JSON.stringify({ ...LEARNED, reward: { ...MODELS.reward, version: 2 } }),
    "has another baseline": JSON.stringify({ ...LEARNED, baseline: "mid" }),
    "knows an arm that is not there": JSON.stringify({ ...LEARNED, cells: [{ at: [0], seen: [{ arm: "huge", count: 1e6, mean: 1 }] }] }),
    "promises more than a reward can be": JSON.stringify({ ...LEARNED, cells: [{ at: [0], seen: [{ arm: "local", count: 1e6, mean: 1e12 }] }] }),
    "has an arm twice": JSON.stringify({ ...LEARNED, cells: [{ at: [0], seen: [{ arm: "mid", count: 50, mean: 0 }, { arm: "mid", count: 50, mean: 1 }] }] }),
    "has a cell twice": JSON.stringify({ ...LEARNED, cells: [...LEARNED.cells, ...LEARNED.cells] }),
    "has a cell that no request falls into": JSON.stringify({ ...LEARNED, cells: [{ at: [3], seen: [] }] }),
    "splits by a field that nobody declares": JSON.stringify({ ...LEARNED, buckets: [{ field: "mood", values: ["a"] }], cells: [] }),
    "splits by a text": JSON.stringify({ ...LEARNED, buckets: [{ field: "note", values: ["a"] }], cells: [] }),
    "has edges that fall": JSON.stringify({ ...LEARNED, buckets: [{ field: "tokens", edges: [2, 1] }], cells: [] }),
    "has a key twice": JSON.stringify(LEARNED).replace('"count_min":30', '"count_min":30,"count_min":1'),
    "counts in infinities": JSON.stringify(LEARNED).replace('"mean":0.98', '"mean":1e999'),
  };
  test("that is none, or none of this router, decides nothing, and it is said", () => {
    for (const [name, text] of Object.entries(BROKEN)) {
      warnings = [];
      learn(text, { value_usd_micro: 0, exploration: { epsilon: 0.1, floor: 0.02 } });
      const [status] = routing.status(null);
      expect([name, status?.policy, status?.fallback, status?.problem?.includes(POLICY_FILE), warnings.length]).toEqual([name, null, null, true, 1]);
    }
    expect(many(30).filter(({ arm }) => arm === "large").length).toBeGreaterThan(20);
  });

  test("that others could have written, or that is gone, never answers", () => {
    learn();
    chmodSync(join(dir, POLICY_FILE), 0o666);
    routing.reload(routers);
    expect(routing.status(null)[0]?.problem).toContain("could have been written by others");
    rmSync(join(dir, POLICY_FILE));
    routing.reload(routers);
    expect(routing.status(null)[0]?.problem).toContain("cannot be read");
    // A pipe that nobody writes to is not waited for.
    expect(Bun.spawnSync(["mkfifo", "-m", "600", join(dir, POLICY_FILE)]).exitCode).toBe(0);
    routing.reload(routers);
    expect(routing.status(null)[0]?.problem).toContain("is no file");
  });

  test("is read as it was written by whoever fitted it", () => {
    const read = readPolicy(new TextEncoder().encode(JSON.stringify(LEARNED)), MODELS);
    expect(read).toMatchObject({ document: LEARNED, digest: digestOf(LEARNED) });
  });
});

describe("replay", () => {
  test("draws each decision again to the last bit, after restarts and under other configurations, and records nothing", async () => {
    const replies = [route(), route({ require: ["code"] }), route({ without: ["mid"] }), route({ require: ["review"] })];
    learn();
    store.atomic(() => {
      for (let i = 0; i < 60; i++) replies.push(route({ context: { kind: i % 2 === 0 ? "code" : "chat", tokens: i * 37.5, note: "call anna@example.org" } }));
    });
    routers = [{ ...MODELS, value_usd_micro: 1, arms: MODELS.arms.map((arm) => ({ ...arm, usage: [] })), exploration: { epsilon: 1, floor: 0 } }];
    now_ms += 5_000;
    await restart();
    const kept = log.counts().kept;
    for (const reply of replies) expect(replay(reply.episode)).toEqual({ ...reply, replay: { same: true, differs: [] } });
    expect(log.counts().kept).toBe(kept);
    expect(new Set(replies.map(({ policy }) => policy)).size).toBe(2);
  });

  test("an outcome that names another arm changes nothing of what was drawn", () => {
    const reply = route();
    log.outcome(reply.episode, "web", { reward: 1, executed: reply.arm === "mid" ? "local" : "mid" });
    expect(replay(reply.episode).replay).toEqual({ same: true, differs: [] });
  });

  test("says what differs where the record is not what was drawn", () => {
    const { episode } = route();
    const found = log.get(episode, null);
    if (found === null) throw new Error("not kept");
    const told = (more: object) => routing.replay({ get: () => ({ ...found, ...more }) }, episode, null).replay;
    expect(told({ counter: found.counter, seed: found.seed })).toEqual({ same: true, differs: [] });
    expect(told({ eligible: found.eligible.map(({ arm, propensity }) => ({ arm, propensity: propensity + (arm === found.drawn ? 1e-16 : 0) + (arm === found.drawn ? Number.EPSILON : 0) })) })?.differs).toEqual(["eligible", "propensity"]);
    expect(told({ drawn: found.drawn === "mid" ? "local" : "mid" })?.differs).toContain("drawn");
  });

  test("what is kept under a digest and is another is no decider", async () => {
    await store.close();
    store = openStore({ state_dir: dir, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: () => undefined });
    const kept = openKept(store);
    const decider = { router: MODELS, policy: null };
    store.atomic(() => [deciderDigest(decider), "a".repeat(64)].forEach((digest) => kept.put(digest, decider, T0)));
    expect(kept.get(deciderDigest(decider))?.router.id).toBe("models");
    expect(refusal(() => kept.get("a".repeat(64)))).toStartWith("store.corrupt");
    expect(kept.get("b".repeat(64))).toBeNull();
  });

  test("nobody replays another's episode, nor one that was decided elsewhere", () => {
    const { episode } = route();
    expect(refusal(() => routing.replay(log, episode, "other"))).toStartWith("request.not_found");
    const { episode: told } = log.record({ router: MODELS, space: "web", context: {}, eligible: [{ arm: "mid", propensity: 1 }], drawn: "mid", executed: "mid", forced: null, policy: "a".repeat(64), seed: "0".repeat(32), counter: 0, epoch: 0, prices: {}, reserved: {}, reason: "" });
    expect(refusal(() => replay(told.id))).toContain("not decided by this daemon");
  });
});

describe("a constraint that is violated", () => {
  /** Outcomes of that arm, of which so many are harmful. */
  function harm(arm: string, times: number): void {
    for (let i = 0, seen = 0; seen < times && i < 500; i++) {
      const reply = route();
      if (reply.forced !== null) return;
      if (reply.arm !== arm) continue;
      log.outcome(reply.episode, "web", { reward: 1, constraints: { harm: 1 } });
      seen += 1;
    }
  }

  test("ends exploration and everything learned at once: the very next request has the baseline alone", () => {
    harm("local", 4);
    const next = route();
    expect(next).toMatchObject({ arm: "large", propensity: 1, forced: "constraint", eligible: [{ arm: "local", propensity: 0 }, { arm: "mid", propensity: 0 }, { arm: "large", propensity: 1 }] });
    expect(next.reason).toStartWith("large: the baseline alone, because harm of ");
    expect(routing.status(null)[0]?.fallback).toContain("is above 0.05");
    expect(warnings.length).toBe(1);
    expect(replay(next.episode).replay?.same).toBe(true);
    expect(routing.route(log, "web", { ...ASK, router: "plain" }, purse).forced).toBeNull();
  });

  test("stays over a restart, and ends with another policy: what one did says nothing of the next", async () => {
    harm("local", 4);
    await restart();
    expect(route().forced).toBe("constraint");
    learn();
    expect(route().forced).toBeNull();
    expect(routing.status(null)[0]?.fallback).toBeNull();
  });

  test("outcomes of the policy before, and rewards without constraints, count for nothing", () => {
    const old = many(40);
    learn();
    store.atomic(() => {
      for (const { episode } of old) log.outcome(episode, "web", { reward: 0, constraints: { harm: 1 } });
      for (let i = 0; i < 40; i++) log.outcome(route().episode, "web", { reward: 0 });
    });
    expect(route().forced).toBeNull();
  });

  test("of the baseline itself nothing safer is known: its own violation alone changes nothing", () => {
    routers = [{ ...MODELS, value_usd_micro: 0 }];
    routing.reload(routers);
    const bad = many(150);
    store.atomic(() => bad.forEach(({ episode, arm }) => log.outcome(episode, "web", { reward: 1, constraints: { harm: arm === "large" ? 1 : 0 } })));
    expect(bad.filter(({ arm }) => arm === "large").length).toBeGreaterThan(3);
    expect(routing.status(null)[0]?.fallback).toBeNull();
  });
});

test("what is counted says how each answer was found", () => {
  many(200);
  route({ require: ["review"] });
  const counts = routing.counts.get("models");
  expect(counts?.forced).toBe(1);
  expect((counts?.chosen ?? 0) + (counts?.explored ?? 0)).toBe(200);
  expect(counts?.explored).toBeGreaterThan(3);
});
