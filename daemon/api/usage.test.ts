/** Usage and reports over a real socket: what is taken, what is refused, whose it is. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { ReportReply } from "../../proto/report-kpi.ts";
import { recordGate } from "../gate/record.ts";
import { World } from "../testing/core.ts";
import { recordInput } from "../testing/evidence.ts";
import { gateRoutes } from "./gates.ts";
import { reportRoutes } from "./report.ts";
import { serve, type ServedApi } from "./testing/serve.ts";
import { usageRoutes } from "./usage.ts";

setDefaultTimeout(120_000);

const TIMINGS = { total_us: 1, facts_us: 1, checks_us: 1, policy_us: 1, evidence_us: 1, by_check: [] };
const OWN = process.getuid?.() ?? 0;
const TOTALS = { run_id: "run-00000001", calls_made: 100, calls_reported: 98, tokens: null, micro_usd: 180_000 };
const OTHERS = "b".repeat(40);
let world: World;
let api: ServedApi;
let head: string;

beforeAll(async () => {
  world = await World.open();
  const { core } = world;
  const input = recordInput(core.evidence.trust_domain, 1);
  ({ head } = input.identity);
  await recordGate(core, { uid: OWN, tenant: null }, input, () => TIMINGS);
  await recordGate(core, { uid: OWN + 1, tenant: "web" }, recordInput(core.evidence.trust_domain, 1, { head: OTHERS }), () => TIMINGS);
  // The bill of the first gate, as its run would have left it.
  const { change } = core.gates.summaries.get(core.gates.recent(2)[1]!)!;
  await core.costs.house({ wall_us: 9, cpu_us: 9, model_tokens: 0 }, (spent) => Promise.resolve(spent({ cpu_us: 5 })), { change, payer: String(OWN) });
  const { limits } = core.options.host;
  api = await serve({ routes: [...usageRoutes({ ...core, body_bytes_max: 10_000 }), ...reportRoutes(core), ...gateRoutes({ ...core, rules: [], clock: world.clock, config: () => [], limits, expectWork: () => undefined })] });
});
afterAll(async () => {
  await api.end();
  await world[Symbol.asyncDispose]();
});

const post = (body: object): Promise<Response> => api.fetch("/v1/usage", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
const json = async (response: Promise<Response>): Promise<unknown> => (await response).json();

test("a run's totals are taken once, joined to a gate of one's own, and stand beside its card and in the report", async () => {
  expect(await json(post({ ...TOTALS, gate: head }))).toEqual({ run_id: TOTALS.run_id, changed: true, changes: 1 });
  expect(await json(post({ ...TOTALS, gate: head }))).toEqual({ run_id: TOTALS.run_id, changed: false, changes: 0 });
  expect(await json(api.fetch(`/v1/gates/${head}`))).toMatchObject({ cost: { runs: 1, died: 0, cpu_us: 5, reported: { runs_named: 1, runs_reported: 1, calls_made: 100, calls_reported: 98, tokens: null, micro_usd: "180000" } } });
  const report: unknown = await json(api.fetch("/v1/report/7d/*"));
  if (!Value.Check(ReportReply, report)) throw new Error(JSON.stringify(report));
  expect(report.kpis.find(({ id }) => id === "cost.reported")).toMatchObject({ n: 1, value: "180000" });
  expect(report.gates.counted).toBe(2);
});

test("attack: costs on the card of somebody else's gate, and totals that fall", async () => {
  const other = await post({ ...TOTALS, run_id: "run-00000002", gate: OTHERS });
  expect([other.status, await other.json()]).toEqual([403, expect.objectContaining({ code: "auth.denied" })]);
  // Nothing of a refused report is kept.
  expect(await json(post({ ...TOTALS, run_id: "run-00000002" }))).toMatchObject({ changed: true });
  expect(await json(post({ ...TOTALS, micro_usd: 1 }))).toMatchObject({ code: "request.malformed", detail: expect.stringContaining("never falls") });
});

test("what is no window, no run and no number is refused before anything is read", async () => {
  for (const path of ["/v1/report/0d/*", "/v1/report/7w/*", "/v1/report/7d/%00"]) expect((await api.fetch(path)).status).toBe(400);
  for (const body of [{ ...TOTALS, run_id: "short" }, { ...TOTALS, micro_usd: -1 }, { ...TOTALS, micro_usd: 0.5 }, { ...TOTALS, more: 1 }]) expect((await post(body)).status).toBe(400);
  expect(await json(api.fetch("/v1/report/12h/nobodys"))).toMatchObject({ repository: "nobodys", gates: { counted: 0 } });
});
