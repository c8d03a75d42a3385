/** Episodes over a real socket: what is taken, what is refused and how it is said, and that each reader sees its own. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { EpisodePage } from "../../proto/episode.ts";
import type { RouterEntry } from "../../proto/routing.ts";
import type { RouteName } from "../../proto/routes.ts";
import { MaestroError } from "../../proto/errors.ts";
import { World } from "../testing/core.ts";
import { ownUser, tenant } from "../testing/tenants.ts";
import type { Principal } from "../tenants/index.ts";
import { episodeRoutes } from "./episodes.ts";
import { serve, type ServedApi } from "./testing/serve.ts";

setDefaultTimeout(60_000);
const ROUTER: RouterEntry = {
  id: "models", baseline: "large", value_usd_micro: 0, outcome_s: 3_600, reward: { name: "solved", version: 1, min: 0, max: 1 },
  context: [{ name: "note", type: "text" }], arms: ["small", "large"].map((id) => ({ id, reversible: true, reward: 0 })),
};
const REPORT = { key: "k1", router: "models", context: { note: "from jane@example.org" }, eligible: [{ arm: "small", propensity: 0.25 }, { arm: "large", propensity: 0.75 }], executed: "small" };

let world: World;
let api: ServedApi;
beforeAll(async () => {
  world = await World.open({ routers: [ROUTER] });
  api = await serve({ routes: routes() });
});
afterAll(async () => {
  await api.end();
  await world[Symbol.asyncDispose]();
});

const routes = () => episodeRoutes({ learned: world.core.learned, body_bytes_max: 100_000 });
const post = async (path: string, body: object | string): Promise<unknown> => (await api.fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: typeof body === "string" ? body : JSON.stringify(body) })).json();
const page = async (path: string): Promise<EpisodePage> => {
  const reply: unknown = await (await api.fetch(path)).json();
  if (!Value.Check(EpisodePage, reply)) throw new Error(JSON.stringify(reply));
  return reply;
};

async function as(principal: Principal, name: RouteName, params: Record<string, string>, body?: object): Promise<unknown> {
  const call = { principal, id: "r", peer: { uid: principal.uid, gid: 0, pid: 1, groups: [] }, signal: new AbortController().signal };
  const outcome = await routes().find((one) => one.name === name)!.run(call, params, body, new ReadableStream());
  return outcome.kind === "json" ? outcome.value : outcome;
}
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => "taken", (error: unknown) => (error instanceof MaestroError ? error.code : String(error)));

test("a report is kept without what was personal in it, gets its outcome once, and is read back by router, split and place", async () => {
  const reply = (await post("/v1/episodes", { episodes: [REPORT] })) as { episodes: { id: string }[] };
  expect<unknown>(reply).toEqual({ episodes: [{ key: "k1", id: expect.stringMatching(/^ep-/), changed: true }] });
  const { id } = reply.episodes[0]!;
  expect(await post("/v1/episodes", { episodes: [REPORT] })).toEqual({ episodes: [{ key: "k1", id, changed: false }] });
  const outcome = `/v1/episodes/${id}/outcome`;
  expect([await post(outcome, { reward: 0.5 }), await post(outcome, { reward: 0.5 })]).toEqual([{ id, changed: true }, { id, changed: false }]);
  expect(await post(outcome, { reward: 0.25 })).toMatchObject({ status: 409, code: "learning.outcome" });
  const { episodes, next } = await page("/v1/episodes/models/all/0");
  expect([next, episodes.length, episodes[0]]).toMatchObject([null, 1, { id, propensity: 0.25, context: { note: "from [email]" }, redacted: { email: 1 }, outcome: { reward: 0.5 } }]);
  const split = episodes[0]!.split;
  const counts = await Promise.all([`models/${split}/0`, `models/${split === "search" ? "safety" : "search"}/0`, "gate/all/0", `*/all/${id}`, `*/all/${world.clock.now_ms() + 1}`].map(async (path) => (await page(`/v1/episodes/${path}`)).episodes.length));
  expect(counts).toEqual([1, 0, 0, 0, 0]);
});

test("attack: what cannot have been a decision is refused by field, whoever says it and however it is written", async () => {
  const shares = (propensity: unknown) => ({ episodes: [{ ...REPORT, key: "bad", eligible: [{ arm: "small", propensity }, { arm: "large", propensity: 0 }] }] });
  const said = await Promise.all([shares(0), shares(1.5), shares(undefined), shares(null), shares("1"), shares(0.5), { episodes: [{ ...REPORT, key: "bad", executed: "large", eligible: [{ arm: "small", propensity: 1 }, { arm: "large", propensity: 0 }] }] }].map((body) => post("/v1/episodes", body)));
  expect(said.map((each) => (each as { code: string }).code)).toEqual(["learning.episode", "request.malformed", "request.malformed", "request.malformed", "request.malformed", "learning.episode", "learning.episode"]);
  expect(said.every((each) => /eligible|executed/.test((each as { detail: string }).detail))).toBe(true);
  for (const nan of ["NaN", "1e999", "-Infinity"]) expect(await post("/v1/episodes", JSON.stringify(shares(0)).replace('"propensity":0}', `"propensity":${nan}}`))).toMatchObject({ code: "request.malformed" });
  expect((await page("/v1/episodes/models/all/0")).episodes.length).toBe(1);
});

test("attack: a tenant reads, or closes, another's episode: it does not learn that there is one", async () => {
  const [web, shop] = [tenant("web", 1001), tenant("shop", 1002)];
  const { episodes: [mine] } = (await as(web, "reportEpisodes", {}, { episodes: [{ ...REPORT, key: "mine" }] })) as { episodes: { id: string }[] };
  const seen = async (who: Principal) => ((await as(who, "episodes", { router: "*", split: "all", after: "0" })) as EpisodePage).episodes.map(({ space }) => space);
  expect([await seen(web), await seen(shop), (await seen(ownUser(0))).length]).toEqual([["web"], [], 2]);
  expect(await codeOf(as(shop, "episodeOutcome", { id: mine!.id }, { reward: 1 }))).toBe("request.not_found");
  // A name that somebody else used is free.
  expect(await codeOf(as(shop, "reportEpisodes", {}, { episodes: [{ ...REPORT, key: "mine", executed: "large" }] }))).toBe("taken");
  expect(await codeOf(as(web, "episodeOutcome", { id: mine!.id }, { reward: 1 }))).toBe("taken");
});

test("attack: an address as the name of a field that is refused: whoever sent it reads it, and the log does not keep it", async () => {
  const refused = [{ episodes: [{ ...REPORT, context: { "jane@example.org": 1 } }] }, '{"jane@example.org": 1, "jane@example.org": 2}'];
  for (const body of refused) expect(((await post("/v1/episodes", body)) as { detail: string }).detail).toContain("jane@example.org");
  const logged = (): string => JSON.stringify(api.book.lines);
  while (logged().split("[e-mail]").length < 3) await Bun.sleep(5);
  expect(logged()).not.toContain("jane@");
});
