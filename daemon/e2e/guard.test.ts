/** `maestro guard` as an agent's script uses it, against a daemon with an operator's own rule. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { skipWithout } from "../testing/skip.ts";
import { until, World } from "./testing/world.ts";

const python = Bun.which("python3");
const noPython = skipWithout(python !== null, "there is no python3 here, so the Python client's guard was not tried");
let world: World;
beforeAll(async () => {
  world = new World();
  const folder = world.path("invariants");
  mkdirSync(folder);
  writeFileSync(join(folder, "night.yaml"), "id: SHOP.NIGHT\nscope: agent\nwhen:\n  - event: model_call\nassert:\n  - expr: agent_id != \"night\" || total_spend_usd < 1\n    message: 'at night {{agent_id}} spends less than 1 dollar'\n");
  writeFileSync(world.path("maestrod.yaml"), `version: 1\ntrust_domain: ci.example.org\nmodes: [local]\ninvariants_folder: ${folder}\n`);
  await world.daemon(["--config", world.path("maestrod.yaml")]);
}, 120_000);
afterAll(() => world.dispose());

test("both the shipped rule and the operator's are asked; exit 0 where they hold, 1 where one does not, 2 for a question nobody understands", async () => {
  const ask = (...args: string[]) => world.run(["guard", "--socket", world.socket_path, ...args]);
  expect(await ask("model_call", "--with", '{"agent_id": "a", "total_spend_usd": "$2", "budget_usd": "$5"}')).toMatchObject({ code: 0, stdout: "", stderr: expect.stringContaining("2 invariant(s) hold") });
  const refused = await ask("model_call", "--json", "--with", '{"agent_id": "night", "total_spend_usd": "$6", "budget_usd": "$5"}');
  expect([refused.code, JSON.parse(refused.stdout)]).toMatchObject([1, { ok: false, rules: ["INV.BUDGET.CAP", "SHOP.NIGHT"], violations: [{ id: "INV.BUDGET.CAP" }, { id: "SHOP.NIGHT", message: 'at night "night" spends less than 1 dollar' }] }]);
  expect(await ask("model_call", "--with", '{"agnt_id": "a"}')).toMatchObject({ code: 2, stderr: expect.stringContaining("did you mean agent_id?") });
}, 60_000);

test("the daemon's own doors were asked meanwhile, and its metrics say so", async () => {
  const metrics = async (): Promise<string> => (await fetch("http://d/metrics", { unix: world.socket_path })).text();
  const checks = (text: string): number => Number(/^maestro_invariant_checks_total (\d+)$/m.exec(text)?.[1]);
  const before = checks(await metrics());
  for (let i = 0; i < 5; i++) await world.status();
  const text = await metrics();
  // Three rules of every request: five for the status, one for the metrics itself.
  expect(checks(text) - before).toBeGreaterThanOrEqual(6 * 3);
  expect(text).not.toMatch(/^maestro_invariant_violations_total\{/m);
});

test("attack: whoever is first at the socket is served before the rules are there", async () => {
  const folder = world.path("closed");
  mkdirSync(folder);
  writeFileSync(join(folder, "a.yaml"), "id: SHOP.CLOSED\nscope: daemon\nwhen:\n  - event: request\nassert:\n  - expr: route != \"version\"\n    message: nobody asks for the version\n");
  writeFileSync(world.path("closed.yaml"), `version: 1\ntrust_domain: ci.example.org\nmodes: [local]\ninvariants_folder: ${folder}\n`);
  const socket = world.path("closed.sock");
  world.spawnDaemon(["--config", world.path("closed.yaml"), "--state", world.path("first"), "--socket", socket]);
  const ask = () => fetch("http://d/v1/version", { unix: socket }).catch(() => null);
  let first: Response | null = null;
  await until(async () => (first = await ask()) !== null);
  expect([first!.status, await first!.json()]).toMatchObject([500, { code: "invariant.violated", detail: "SHOP.CLOSED: nobody asks for the version" }]);
}, 60_000);

test.skipIf(noPython)("the Python client asks the same", async () => {
  const program = 'import sys\nfrom maestro_client import Maestro\nreply = Maestro(socket=sys.argv[1]).guard({"questions": [{"event": "model_call", "with": {"agent_id": "a", "total_spend_usd": 6000000, "budget_usd": 5000000}}]})\nprint(reply["ok"], reply["answers"][0]["violations"][0]["id"])\n';
  const child = Bun.spawn([python!, "-c", program, world.socket_path], { env: { PATH: "/usr/bin:/bin", PYTHONPATH: join(import.meta.dir, "../client/python"), PYTHONDONTWRITEBYTECODE: "1" }, stdout: "pipe", stderr: "pipe" });
  expect([await new Response(child.stdout).text(), await new Response(child.stderr).text(), await child.exited]).toEqual(["False INV.BUDGET.CAP\n", "", 0]);
}, 60_000);

test("attack: an operator's rule with a mistake is left out and the daemon starts without it", async () => {
  const folder = world.path("broken");
  mkdirSync(folder);
  writeFileSync(join(folder, "a.yaml"), readFileSync(join(world.path("invariants"), "night.yaml"), "utf8").replace("total_spend_usd <", "total_spent_usd <"));
  writeFileSync(world.path("broken.yaml"), `version: 1\ntrust_domain: ci.example.org\nmodes: [local]\ninvariants_folder: ${folder}\n`);
  const daemon = world.spawnDaemon(["--config", world.path("broken.yaml"), "--state", world.path("other"), "--socket", world.path("other.sock")]);
  const stderr = await new Response(daemon.stderr).text();
  expect([await daemon.exited, stderr]).toEqual([2, expect.stringMatching(/config\.malformed/)]);
  expect(stderr).toMatch(/a\.yaml:6:\d+: .*did you mean total_spend_usd\?/);
}, 60_000);
