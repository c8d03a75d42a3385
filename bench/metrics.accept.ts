/** Our metrics and alerts in the hands of Prometheus' own packages: its parser, its linter, its reader of rules. */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { World } from "../daemon/e2e/testing/world.ts";
import { accepts, output, run } from "./rig/accepts.ts";
import { promcheck } from "./rig/tools.ts";

const PROMETHEUS_VERSION = "v0.305.0";
const RULES = join(import.meta.dir, "../systemd/alerts.rules.yml");
const prometheus = { name: "github.com/prometheus/prometheus", version: PROMETHEUS_VERSION };

const work = mkdtempSync(join(tmpdir(), "maestro-accept-metrics-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const checker = async (): Promise<string> => (await promcheck(PROMETHEUS_VERSION)).path();

const HOST = `version: 1
trust_domain: accept
modes: [local]
market: {slot_s: 1, resources: [{resource: usd_micro, capacity: 500, price_max: 4}]}
routers:
- {id: models, context: [], baseline: small, value_usd_micro: 20000, reward: {name: solved, version: 1, min: 0, max: 1}, arms: [{id: small, reward: 0.5, usage: [{resource: usd_micro, fixed: 1000}]}]}
`;

/** What a daemon with a router and a market shows after a gate, a repeated one, a decision of the router, and a refusal. */
async function metrics(): Promise<string> {
  const world = new World();
  try {
    const repository = await world.changed({}, { "src/b.ts": "export const b = 1;\n" });
    writeFileSync(world.path("host.yaml"), HOST, { mode: 0o600 });
    await world.daemon(["--config", world.path("host.yaml")], { NOTIFY_SOCKET: world.path("nobody"), WATCHDOG_USEC: "200000" });
    for (let i = 0; i < 2; i++) expect((await world.gate(repository)).code).toBe(0);
    const ask = (path: string, body?: object) => fetch(`http://d${path}`, { unix: world.socket_path, ...(body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json", "maestro-api": "1" }, body: JSON.stringify(body) }) });
    expect((await ask("/v1/route", { router: "models", context: {} })).status).toBe(200);
    await ask("/v1/nothing");
    return await (await ask("/metrics")).text();
  } finally {
    await world.dispose();
  }
}

accepts(prometheus, "reads and lints the metrics of a daemon at work, reads the alerts, and every metric an alert names is there", async () => {
  const program = await checker();
  const text = await metrics();
  const at = join(work, "metrics");
  writeFileSync(at, text);
  const alerts = [...readFileSync(RULES, "utf8").matchAll(/^ *- alert:/gm)].length;
  expect(alerts).toBeGreaterThan(9);
  expect(await output([program, at, RULES])).toMatch(new RegExp(`^\\d{2} metric families, ${alerts} rules\n$`));
  const shown = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]));
  const named = [...readFileSync(RULES, "utf8").matchAll(/\b(?:maestro|process)_[a-z_]+\b/g)].map(([name]) => name.replace(/_bucket$/, ""));
  // They appear with the first reload, and with the first log that this node watches.
  expect([...new Set(named)].filter((name) => !shown.has(name)).sort()).toEqual(["maestro_config_reload_success", "maestro_witnessed_behind_entries"]);
  expect([...text.matchAll(/^maestro_(?:market|route|episode)\w*\{?/gm)].length).toBeGreaterThan(9);
  writeFileSync(at, text.replace("# TYPE maestro_gates_total counter", "# TYPE maestro_gates_total gauge"));
  expect((await run([program, at, RULES])).code).toBe(1);
  writeFileSync(at, `${text}maestro_gates_total{verdict="hold} 1\n`);
  expect((await run([program, at, RULES])).code).toBe(1);
});
