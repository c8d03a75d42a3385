/** What callers, tenants and a worst day can do to routing through what they may send. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../proto/config.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { RouteAsk, RouteReply, RouterEntry } from "../../../proto/routing.ts";
import { openStore, type Store } from "../../store/db.ts";
import { SeededRandom } from "../../testing/random.ts";
import { EpisodeLog } from "../episodes/index.ts";
import { reportEpisodes } from "../episodes/reports.ts";
import { type Barred, type Purse, Routing } from "./index.ts";

const T0 = 1_795_392_000_000;
const DAY_MS = 86_400_000;
const MODELS: RouterEntry = {
  id: "models", baseline: "large", value_usd_micro: 0, outcome_s: 600, reward: { name: "solved", version: 1, min: 0, max: 1 },
  context: [{ name: "tokens", type: "number" }],
  constraints: [{ name: "harm", min: 0, max_value: 1, max: 0.02 }],
  exploration: { epsilon: 0.5, floor: 0.02 },
  arms: [
    { id: "small", capabilities: ["chat"], reversible: true, reward: 0.5 },
    { id: "mid", capabilities: ["chat", "see"], reversible: true, reward: 0.75 },
    { id: "large", capabilities: ["chat"], reversible: false, reward: 1 },
  ],
};
const FREE: Purse = { prices: () => ({ epoch: 0, prices: {} }), short: () => null, least: () => 0, refused: () => undefined, reserve: () => undefined };

let dir: string;
let store: Store;
let now_ms: number;
let routers: RouterEntry[];
let routing: Routing;
let log: EpisodeLog;
let warnings: string[];
let refusing: string | null;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "routing-"));
  [now_ms, routers, warnings, refusing] = [T0, [MODELS], [], null];
  store = openStore({ state_dir: dir, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: () => undefined });
  routing = new Routing({ store, routers, random: new SeededRandom(7), warn: (what) => warnings.push(what), refusing: (action, space) => (action === "build" && space === "web" ? refusing : null) });
  log = new EpisodeLog({ store, now_ms: () => now_ms, keyed: (purpose, value) => new Bun.CryptoHasher("sha256", "k").update(`${purpose} ${value}`).digest("hex"), router: (id) => routers.find((each) => each.id === id) ?? null, episodes_max: 100_000, closed: (episode) => routing.closed(episode), decided: (episode) => routing.decided(episode) });
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const route = (space = "web", more: Partial<RouteAsk> = {}, purse = FREE): RouteReply => routing.route(log, space, { router: "models", context: { tokens: 1 }, ...more }, purse);
/** Outcomes of arms that are explored, all of them harmful; in one transaction, so that the disk is waited for once. */
const harm = (space: string, times: number): void => store.atomic(() => harmed(space, times));
function harmed(space: string, times: number): void {
  for (let seen = 0, asked = 0; seen < times && asked < 400; asked++) {
    const { episode, arm, forced } = route(space);
    if (forced !== null) return;
    if (arm === "large") continue;
    log.outcome(episode, null, { reward: 1, constraints: { harm: 1 } });
    seen += 1;
  }
}
function reload(more: Partial<RouterEntry>): void {
  routers = [{ ...MODELS, ...more }];
  routing.reload(routers);
}
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof MaestroError) return `${error.code}: ${error.detail}`;
    throw error;
  }
  return "taken";
}
const fallsBack = (space: string): boolean => route(space).forced === "constraint";
const report = (policy: string, key: string) => ({ key, router: "models", context: {}, eligible: [{ arm: "mid", propensity: 1 }], executed: "mid", policy, outcome: { reward: 1, constraints: { harm: 1 } } });

test("forged reports: decisions that somebody says the policy of today made, and their harm, make nobody fall back, and are no replay of it", () => {
  const { policy } = route();
  const { episodes } = reportEpisodes({ log, router: () => MODELS }, "web", ["a", "b", "c", "d", "e", "f"].map((key) => report(policy, key)));
  expect(fallsBack("web")).toBe(false);
  expect(refusal(() => routing.replay(log, episodes[0]?.id ?? "", null))).toContain("not decided by this daemon");
});

test("a tenant that counts: its own episodes do not tell how much others ask", () => {
  const counters = store.atomic(() => [route("web"), ...Array.from({ length: 9 }, () => route("busy")), route("web")]).filter((_, i) => i % 10 === 0).map(({ episode }) => log.get(episode, "web")?.counter);
  expect(counters).toEqual([0, 1]);
});

test("a transaction that goes back leaves no fallback behind that no record tells of", () => {
  const drawn = store.atomic(() => Array.from({ length: 60 }, () => route())).filter(({ arm }) => arm !== "large");
  expect(refusal(() => log.recordAll(() => {
    for (const { episode } of drawn) log.outcome(episode, "web", { reward: 1, constraints: { harm: 1 } });
    throw new MaestroError("learning.episode", "the last of the batch is none");
  }))).toStartWith("learning.episode");
  expect([fallsBack("web"), warnings]).toEqual([false, []]);
});

test("a tenant that reports harm takes the learned arms from itself; where other tenants find it, too, from everybody", () => {
  harm("mallory", 8);
  expect([fallsBack("mallory"), fallsBack("web"), fallsBack("batch")]).toEqual([true, false, false]);
  expect([routing.status("web")[0]?.fallback, routing.status("mallory")[0]?.fallback, routing.status(null)[0]?.fallback]).toEqual([null, expect.stringContaining("is above 0.02"), expect.stringContaining("is above 0.02, for 1 of those who ask")]);
  expect(warnings).toEqual([expect.stringMatching(/^router models has its baseline alone for space:mallory: harm of .* is above 0\.02$/)]);
  for (let i = 0; i < 40 && routing.status("web")[0]?.fallback === null; i++) harm(`tenant-${i}`, 8);
  expect([fallsBack("web"), fallsBack("never-asked-before")]).toEqual([true, true]);
  expect(routing.status(null)[0]?.fallback).not.toContain("of those who ask");
});

test("while a constraint is violated nothing takes the place of a baseline that cannot answer, least of all the arm that did it", () => {
  harm("web", 8);
  expect(refusal(() => route("web", { require: ["see"] }))).toMatch(/^routing\.no_arm: models has its baseline alone, because harm of .* is above 0\.02, and large cannot do what is required$/);
  expect(refusal(() => route("web", { without: ["large"] }))).toEndWith("and large is left out by the request");
  expect(refusal(() => route("web", {}, { ...FREE, short: () => "nothing left" }))).toBe("tenant.budget: nothing left");
  expect(route("other", { require: ["see"] }).arm).toBe("mid");
});

test("what did harm is remembered when its configuration comes back after another", () => {
  harm("web", 8);
  reload({ exploration: { epsilon: 0.4, floor: 0.02 } });
  expect(fallsBack("web")).toBe(false);
  store.atomic(() => Array.from({ length: 20 }, () => log.outcome(route("web").episode, null, { reward: 1, constraints: { harm: 0 } })));
  reload({});
  expect(fallsBack("web")).toBe(true);
});

test("asked again under its key, an answer has the time it was given, whatever the configuration says since", () => {
  const first = route("web", { key: "k" });
  reload({ outcome_s: 6_000 });
  expect(route("web", { key: "k" })).toEqual(first);
});

test("an arm, a constraint and the router itself go while work is under way: its outcome is taken as it was agreed", () => {
  const replies = [route(), route(), route()];
  const tell = (reply: RouteReply | undefined) => refusal(() => log.outcome(reply?.episode ?? "", null, { reward: 1, constraints: { harm: 0 }, executed: "mid" }));
  reload({ arms: MODELS.arms.filter(({ id }) => id !== "mid"), constraints: [] });
  expect(tell(replies[0])).toBe("taken");
  expect(refusal(() => log.outcome(route().episode, null, { reward: 1, constraints: { harm: 0 } }))).toContain("constraints.harm: the router declares no such constraint");
  // Whoever only reports agreed on nothing.
  expect(refusal(() => reportEpisodes({ log, router: () => routers[0] ?? null }, "web", [{ ...report(replies[0]?.policy ?? "", "r"), eligible: [{ arm: "large", propensity: 1 }], executed: "large" }]))).toContain("constraints.harm: the router declares no such constraint");
  routers = [];
  routing.reload(routers);
  expect([tell(replies[1]), routing.replay(log, replies[2]?.episode ?? "", null).replay?.same]).toEqual(["taken", true]);
});

test("configurations that change every day: what decided goes with the last episode that it decided, and what decides now stays", () => {
  const rows = () => store.scanner.count("routing.deciders");
  harm("web", 8);
  const old = store.atomic(() => Array.from({ length: 20 }, (_, i) => {
    reload({ value_usd_micro: i + 1 });
    return route();
  }));
  expect(rows()).toBe(21);
  now_ms += 2 * DAY_MS;
  const last = route();
  expect(routing.expire(T0)).toBe(0);
  expect(routing.expire(now_ms - DAY_MS)).toBe(20);
  expect([rows(), routing.replay(log, last.episode, null).replay?.same, refusal(() => routing.replay(log, old[0]?.episode ?? "", null)).split(":")[0]]).toEqual([1, true, "request.not_found"]);
  // What was kept of its constraints went with it.
  reload({});
  expect(fallsBack("web")).toBe(false);
});

test("an arm whose action is refused to whoever asks is taken away from them alone, before anything is drawn, and is back with the breaker", () => {
  reload({ arms: MODELS.arms.map((arm) => (arm.id === "mid" ? { ...arm, action: "build" as const } : arm)) });
  refusing = "build of web is refused until noon; it opened for a full disk";
  const replies = store.atomic(() => Array.from({ length: 40 }, () => route()));
  const [{ episode, reason } = route()] = replies;
  expect(new Set(replies.map(({ arm, forced, eligible }) => `${arm} ${forced} ${eligible.length}`))).toEqual(new Set(["large guard 2"]));
  expect(reason).toBe("large: the best of 2 without mid, because build of web is refused until noon; it opened for a full disk");
  expect(routing.replay(log, episode, null)).toMatchObject({ arm: "large", forced: "guard", replay: { same: true } });
  expect(refusal(() => route("web", { require: ["see"] }))).toBe(`breaker.open: ${refusing}`);
  expect(route("batch").forced).toBeNull();
  refusing = null;
  expect(route().forced).toBeNull();
});

test("an arm that asks a model is none of whoever may not ask that: not drawn, not named, not required, and nothing about it is forced", () => {
  reload({ arms: MODELS.arms.map((arm) => (arm.id === "mid" ? { ...arm, model: "mid-2" } : arm)) });
  const barred: Barred = ({ model }) => (model === "mid-2" ? "mid-2 is not yours" : null);
  const asked = (space: string, more: Partial<RouteAsk> = {}, why: Barred = barred): RouteReply => routing.route(log, space, { router: "models", context: { tokens: 1 }, ...more }, FREE, why);
  const replies = store.atomic(() => Array.from({ length: 40 }, () => asked("web")));
  expect(new Set(replies.flatMap(({ eligible }) => eligible.map(({ arm }) => arm)))).toEqual(new Set(["small", "large"]));
  expect([new Set(replies.map(({ forced }) => forced)), JSON.stringify(replies).includes("mid")]).toEqual([new Set([null]), false]);
  expect(routing.replay(log, replies[0]?.episode ?? "", null).replay?.same).toBe(true);
  expect(refusal(() => asked("web", { require: ["see"] }))).toBe("routing.no_arm: models has no arm that can see for you: mid-2 is not yours");
  expect(asked("batch", { require: ["see"] }, () => null).arm).toBe("mid");
  // A baseline that may not be asked is no way out of a violated constraint either.
  reload({ arms: MODELS.arms.map((arm) => (arm.id === "large" ? { ...arm, model: "large-2" } : arm)) });
  harm("web", 8);
  expect(refusal(() => asked("web", {}, ({ model }) => (model === "large-2" ? "it is not yours" : null)))).toContain("and large is none for you: it is not yours");
});
