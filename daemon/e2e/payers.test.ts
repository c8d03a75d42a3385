/** Two tenants gate one change of a repository of the host's table: each pays for itself, and neither can spend what the other may. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import type { ChangeCost, UsageReport } from "../../proto/usage.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { Operator } from "../tenants/testing/issuer.ts";
import { Operated, ROW } from "./testing/operated.ts";
import { oneDocument, type GateDocument, type Ran } from "./testing/world.ts";

setDefaultTimeout(120_000);
const operator = new Operator(Math.floor(Date.now() / 1000));
const RUN = "run-00000001";
const ALLOWED = 1_000;
let operated: Operated;
let clone: Source;
let head: string;

beforeAll(async () => {
  const uid = process.getuid?.();
  const tenants = ["web", "lib"].map((id) => `- {id: ${id}, uids: [${uid}], shared_uid: true, repositories: [${ROW}]}\n`).join("");
  operated = await Operated.start({
    modes: "[host]",
    more(world) {
      writeFileSync(world.path("trust-cap.json"), operator.trustFile());
      return `change_budget: {micro_usd: ${ALLOWED}}\ncapabilities: {trust_file: ${world.path("trust-cap.json")}}\ntenants:\n${tenants}`;
    },
  });
  clone = await operated.clone("shared");
  head = await clone.commit({ "src/c.ts": "export const c = 3;\n" }, `more\n\nMaestro-Run: ${RUN}`);
});
afterAll(() => operated[Symbol.asyncDispose]());

const tokenOf = (tenant: string): string => operator.token({ tenant, jti: `${tenant}-token-1` });

function as(tenant: string): { readonly env: Readonly<Record<string, string>> } {
  const path = operated.world.path(`${tenant}.token`);
  writeFileSync(path, tokenOf(tenant), { mode: 0o600 });
  return { env: { MAESTRO_TOKEN_FILE: path } };
}

const gate = (tenant: string, ...args: string[]): Promise<Ran> => operated.world.run(["gate", clone.path, "--json", ...args], as(tenant));

async function report(tenant: string, more: Partial<UsageReport>): Promise<{ readonly status: number; readonly changes: unknown }> {
  const body = { run_id: RUN, calls_made: 1, calls_reported: 1, tokens: null, micro_usd: 1, ...more };
  const response = await fetch("http://maestro/v1/usage", { unix: operated.world.socket_path, method: "POST", headers: { "content-type": "application/json", "maestro-capability": tokenOf(tenant) }, body: JSON.stringify(body) });
  const reply: unknown = await response.json();
  return { status: response.status, changes: typeof reply === "object" && reply !== null && "changes" in reply ? reply.changes : null };
}

const cost = (ran: Ran): ChangeCost | undefined => (oneDocument(ran) as Pick<GateDocument, "cost">).cost;
const sum = (costs: readonly Pick<ChangeCost, "runs" | "wall_us" | "cpu_us">[]) => costs.reduce((all, { runs, wall_us, cpu_us }) => ({ runs: all.runs + runs, wall_us: all.wall_us + wall_us, cpu_us: all.cpu_us + cpu_us }), { runs: 0, wall_us: 0, cpu_us: 0 });

test("attack: a tenant spends the whole budget of a change that another one gates too: the other's is untouched", async () => {
  expect(await report("web", { micro_usd: ALLOWED })).toMatchObject({ status: 200 });
  const spent = oneDocument(await gate("web")) as GateDocument;
  expect([spent.verdict, spent.card.checks.filter(({ because }) => because?.startsWith("budget: 1000 of 1000 micro-USD") === true).length > 3]).toEqual(["hold", true]);
  const other = oneDocument(await gate("lib")) as GateDocument;
  expect([other.verdict, other.gate_id, other.card.checks.some(({ because }) => because?.startsWith("budget:") === true)]).toEqual(["admit", spent.gate_id, false]);
  // The sum is the change's, whoever asks; a run that its own tenant reported is not missing because the other one named it too.
  expect([other.card.cost, other.cost?.reported]).toEqual([{ reported: true, micro_usd: String(ALLOWED) }, expect.objectContaining({ runs_named: 1, runs_reported: 1 })]);
});

test("the bill says what of it is whose: to a tenant its own part, to whoever runs the host all parts, which are all of it", async () => {
  const [web, lib, all] = [await operated.world.run(["card", head, "--json"], as("web")), await operated.world.run(["card", head, "--json"], as("lib")), await operated.world.run(["card", head, "--json"])].map(cost);
  expect([web, lib].map((bill) => bill?.paid?.map(({ payer }) => payer))).toEqual([["web"], ["lib"]]);
  expect(all?.paid).toEqual([...(lib?.paid ?? []), ...(web?.paid ?? [])]);
  expect(sum(all?.paid ?? [])).toEqual(sum(all === undefined ? [] : [all]));
  expect([web?.runs, web?.wall_us, web?.paid?.[0]?.reported?.micro_usd, lib?.paid?.[0]?.reported?.micro_usd]).toEqual([all?.runs, all?.wall_us, String(ALLOWED), null]);
});

test("attack: a tenant fills all places for runs on the bill: the other's runs are joined all the same, and its own stay bounded", async () => {
  const joined = async (tenant: string, count: number): Promise<unknown[]> => {
    const seen = await Promise.all(Array.from({ length: count }, (_, n) => report(tenant, { run_id: `${tenant}-run-${String(n).padStart(4, "0")}`, gate: head })));
    return [seen.every(({ status }) => status === 200), seen.reduce((all, { changes }) => all + Number(changes), 0)];
  };
  // One place of each is taken by the run that the commit names.
  expect([await joined("web", 33), await joined("lib", 2)]).toEqual([[true, 31], [true, 2]]);
});
