/** Clients of two tenants route at once over the socket while clients and the daemon are killed: no budget is ever promised twice, and what is on the books afterwards is exact. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EpisodePage } from "../../proto/episode.ts";
import { Operator } from "../tenants/testing/issuer.ts";
import { Operated, ROW } from "./testing/operated.ts";
import { oneDocument } from "./testing/world.ts";

setDefaultTimeout(180_000);
const operator = new Operator(Math.floor(Date.now() / 1000));
const COST = 1_000;
const BUDGET = 40 * COST;
/** Resources that a budget calls so, too, and that nothing else here takes. */
const BUDGETED = ["usd_micro", "gpu_us", "cpu_us"] as const;
const CLIENTS = 3;
const TENANTS = ["web", "lib"] as const;
const CLIENT = join(import.meta.dir, "testing/routing-client.ts");
let operated: Operated;

const OPTIONS: Parameters<typeof Operated.start>[0] = {
  modes: "[host]",
  more(world) {
    const uid = process.getuid?.();
    const tenants = TENANTS.map((id) => `- {id: ${id}, uids: [${uid}], shared_uid: true, repositories: [${ROW}], budget: {window: day, ${BUDGETED.map((name) => `${name}: ${BUDGET}`).join(", ")}}}\n`).join("");
    const arm = `{id: small, reward: 0.5, usage: [${BUDGETED.map((resource) => `{resource: ${resource}, fixed: ${COST}}`).join(", ")}]}`;
    writeFileSync(world.path("trust-cap.json"), operator.trustFile());
    return [
      `capabilities: {trust_file: ${world.path("trust-cap.json")}}`,
      `market: {slot_s: 1, resources: [{resource: usd_micro, capacity: ${5 * COST}, price_max: 0.25}, {resource: tokens, capacity: 500, price_max: 0.1}], tenants: [{id: web, floor: 0.2, demand: {usd_micro: 1, tokens: 1}}]}`,
      `routers:\n- {id: models, context: [], baseline: small, outcome_s: 86400, reward: {name: solved, version: 1, min: 0, max: 1}, arms: [${arm}]}`,
      "- {id: priced, context: [], baseline: none, value_usd_micro: 20000, reward: {name: solved, version: 1, min: 0, max: 1}, arms: [{id: none, reward: 0.1, reversible: true}, {id: many, reward: 0.9, reversible: true, usage: [{resource: tokens, fixed: 400}]}]}",
      `tenants:\n${tenants}`,
    ].join("\n");
  },
};
beforeAll(async () => {
  operated = await Operated.start(OPTIONS);
});
afterAll(() => operated[Symbol.asyncDispose]());

const tokenOf = (tenant: string): string => operator.token({ tenant, jti: `${tenant}-token-1` });

async function asked<T>(tenant: string, path: string, body?: object): Promise<{ readonly status: number; readonly reply: T }> {
  const response = await fetch(`http://maestro${path}`, { unix: operated.world.socket_path, method: body === undefined ? "GET" : "POST", headers: { "content-type": "application/json", "maestro-capability": tokenOf(tenant) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { status: response.status, reply: (await response.json()) as T };
}

/** Clients route until something is killed; ids of what each was told. */
async function play(round: number): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const clients = TENANTS.flatMap((tenant) => Array.from({ length: CLIENTS }, (_, n) => {
    const out = operated.world.path(`${tenant}-${round}-${n}.lines`);
    writeFileSync(out, "");
    return { tenant, out, child: Bun.spawn([process.execPath, CLIENT, operated.world.socket_path, out, String(round * 10 + n + 1)], { env: { ...process.env, TOKEN: tokenOf(tenant) }, stdin: "ignore", stdout: "ignore", stderr: "inherit" }) };
  }));
  const lines = (): string[] => clients.flatMap(({ out }) => readFileSync(out, "utf8").split("\n").filter((line) => line.endsWith("}")));
  while (lines().length < 12 && clients.some(({ child }) => child.exitCode === null)) await Bun.sleep(2);
  for (const { child } of clients.filter((_, n) => n % CLIENTS === 0)) child.kill("SIGKILL");
  process.kill((await operated.world.status()).daemon.pid, "SIGKILL");
  await Promise.all(clients.map(({ child }) => child.exited));
  await operated.daemon(OPTIONS);
  return new Map(TENANTS.map((tenant) => [tenant, new Set(clients.filter((one) => one.tenant === tenant).flatMap(({ out }) => readFileSync(out, "utf8").split("\n").flatMap((line) => /"routed":"([^"]+)"/.exec(line)?.[1] ?? [])))]));
}

async function episodesOf(tenant: string): Promise<EpisodePage["episodes"]> {
  const episodes: EpisodePage["episodes"] = [];
  for (let after: string | null = "0"; after !== null; ) {
    const { status, reply }: { readonly status: number; readonly reply: EpisodePage } = await asked(tenant, `/v1/episodes/models/all/${after}`);
    expect(status).toBe(200);
    episodes.push(...reply.episodes);
    after = reply.next;
  }
  return episodes;
}

test("attack: six clients at once, kill -9 of clients and of the daemon: no tenant is ever promised more than its budget of money, GPU or processors, to the unit, and the market's slots give its prices", async () => {
  const ASKED = 12;
  for (let nth = 0; nth < ASKED; nth++) expect((await asked("lib", "/v1/route", { router: "priced", context: {} })).status).toBe(200);
  const told = [await play(1), await play(2)];
  for (const tenant of TENANTS) {
    // Until not one more is covered: what is on the books then is within one answer of the budget, so nothing was lost and nothing counted twice.
    let last: number;
    do ({ status: last } = await asked(tenant, "/v1/route", { router: "models", context: {} }));
    while (last === 200);
    const episodes = await episodesOf(tenant);
    const ids = new Set<string>(episodes.map(({ id }) => id));
    for (const id of told.flatMap((each) => [...(each.get(tenant) ?? [])])) expect(ids.has(id)).toBe(true);
    for (const resource of BUDGETED) {
      const taken = episodes.reduce((sum, { outcome, reserved }) => sum + ((outcome === null ? reserved : outcome.usage)[resource] ?? 0), 0);
      expect([tenant, resource, taken > BUDGET - COST, taken <= BUDGET]).toEqual([tenant, resource, true, true]);
    }
  }
  const audit = await operated.world.run(["market", "audit", "--exact", "--json"]);
  expect([audit.code, oneDocument(audit)]).toEqual([0, expect.objectContaining({ wrong: null, without_start: 0 })]);
  // What each request could have had is still on record, and two arms were priced.
  const { exact } = oneDocument(audit) as { readonly exact: { readonly requests: number; readonly regret: number; readonly error: number; readonly linear: number; readonly given_away: number } };
  expect([exact.requests, exact.regret <= exact.linear + exact.given_away + exact.error]).toEqual([ASKED, true]);
  const path = operated.world.path("market.json");
  const certified = await operated.world.run(["market", "certify", "--out", path]);
  expect([certified.code, certified.stderr]).toEqual([0, ""]);
  const verified = await operated.world.run(["verify", path, "--trust", operated.world.path("trust.json")]);
  expect([verified.code, verified.stdout]).toEqual([0, expect.stringContaining("VERIFIED  a market's certificate")]);
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace(/"payload":"(.)/, (_, first) => `"payload":"${first === "e" ? "f" : "e"}`));
  expect((await operated.world.run(["verify", path, "--trust", operated.world.path("trust.json")])).code).toBe(1);
});
