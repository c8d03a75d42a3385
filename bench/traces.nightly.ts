/**
 * Recorded runs of the running daemon: two tenants gate, gate again and leave, the daemon is killed in the middle of it and starts again, and what
 * its turnstiles, ledger, gate and log did is held against their models. Then long runs of each machine by itself, of many seeds.
 */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { judgeTrace, traceModels } from "../daemon/analysis/modelcheck/traces/index.ts";
import { runOf } from "../daemon/analysis/modelcheck/traces/testing/runs.ts";
import { modelRig, modelsHere } from "../daemon/analysis/modelcheck/testing/rig.ts";
import { type Running, until, World } from "../daemon/e2e/testing/world.ts";
import { MACHINES } from "../daemon/platform/actions/index.ts";
import { Operator } from "../daemon/tenants/testing/issuer.ts";

const SPECS = join(import.meta.dir, "../specs");
const LIVES = Number(process.env["MAESTRO_TRACE_LIVES"] ?? 6);
const GATES_OF_A_LIFE = 12;
const SEEDS = Number(process.env["MAESTRO_TRACE_SEEDS"] ?? 20);
/** TLC prints every state of a run that it accepts, so what a state holds bounds the run. */
const STEPS = { Turnstile: 1_500, Reporter: 150, Ledger: 300, Pipeline: 500, WitnessedLog: 150 };
const DEADLINE_MS = 3_600_000;

const { toolchain, because } = await modelsHere();
const rig = toolchain === null ? null : modelRig(toolchain);
afterAll(() => rig?.[Symbol.asyncDispose]());

/** What is not a run of its model has to be looked at: the recording, and the actions of it as the model was given them. */
function kept(text: string, rows: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), "maestro-recording-"));
  writeFileSync(join(folder, "recording.ndjson"), text);
  writeFileSync(join(folder, "rows.json"), JSON.stringify(rows, null, 1));
  return folder;
}

/** How many actions of each machine were held against its model; throws where one is not a run of it. */
async function accepted(text: string): Promise<Record<string, number>> {
  if (rig === null) throw new Error(because);
  const counts: Record<string, number> = {};
  for (const model of traceModels(text)) {
    const verdict = await judgeTrace(SPECS, model, (request) => rig.run(request, { wall_ms: 300_000, cpu_s: 300 }));
    if (verdict.verdict !== "accepted") throw new Error(`${model.name}: ${JSON.stringify(verdict)}; kept in ${kept(text, model.rows)}`);
    counts[model.machine] = (counts[model.machine] ?? 0) + verdict.actions;
  }
  return counts;
}

const CONFIG = (token_file: string): string => `version: 1
trust_domain: ci.example.org
modes: [local]
limits:
  gate: {gates_max: 1, queue_max: 3, gate_deadline_ms: 20000}
  sandbox: {cpu_s: 10}
capabilities: {trust_file: ${token_file}}
tenants:
${["web", "lib"].map((id) => `- {id: ${id}, uids: [${process.getuid?.()}], shared_uid: true, repositories: ["*"], budget: {window: day, wall_us: 900000000, cpu_us: 900000000}}\n`).join("")}`;

test(`the running daemon, killed ${LIVES - 1} times under load`, async () => {
  const world = new World();
  try {
    const operator = new Operator(Math.floor(Date.now() / 1000));
    const [config, trust, trace] = [world.path("maestrod.yaml"), world.path("cap.json"), world.path("trace.ndjson")];
    writeFileSync(trust, operator.trustFile());
    writeFileSync(config, CONFIG(trust));
    const tokens = ["web", "lib"].map((tenant) => {
      const path = world.path(`${tenant}.token`);
      writeFileSync(path, operator.token({ tenant, repositories: ["*"], jti: `${tenant}-token-1` }), { mode: 0o600 });
      return { env: { MAESTRO_TOKEN_FILE: path } };
    });
    const changes = [await world.changed({}, { "src/b.ts": "b(1);\n" }), await world.changed({}, { "src/b.ts": "b(2);\n" })];
    const said = (): string => readFileSync(trace, "utf8");
    for (let life = 0; life < LIVES; life++) {
      const daemon = await world.daemon(["--config", config, "--trace-actions", trace]);
      const gates: Running[] = Array.from({ length: GATES_OF_A_LIFE }, (_, i) => world.start(["gate", changes[(i >> 1) % 2]!.path, "--json", "--rerun"], tokens[i % 2]));
      const ended = (): boolean => gates.every(({ child }) => child.exitCode !== null);
      const times = (action: string): number => said().split(`"action":"${action}"`).length;
      const joined = times("Join");
      await until(() => times("Join") > joined + 3 || ended());
      // Some leave while they wait.
      for (const leaver of gates.slice(0, 3)) leaver.child.kill("SIGINT");
      if (life < LIVES - 1) {
        const recorded = times("Record");
        await until(() => times("Record") > recorded || ended());
        // In the middle of one that has just begun: what is on disk by then has its line, too.
        const begun = times("Reserve");
        await until(() => times("Reserve") > begun || ended());
        daemon.kill("SIGKILL");
      }
      await Promise.all(gates.map(({ done }) => done));
      if (life === LIVES - 1) daemon.kill("SIGTERM");
      await daemon.exited;
    }
    const counts = await accepted(said());
    process.stderr.write(`${JSON.stringify({ lives: LIVES, actions: counts })}\n`);
    for (const machine of ["Turnstile", "Ledger", "Pipeline", "WitnessedLog"]) expect(counts[machine] ?? 0).toBeGreaterThan(LIVES);
  } finally {
    await world.dispose();
  }
}, DEADLINE_MS);

for (const machine of MACHINES) {
  test(`${machine}: ${SEEDS} long runs of its code`, async () => {
    let actions = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      actions += (await accepted(await runOf(machine, { seed: `night-${seed}`, steps: STEPS[machine] })))[machine] ?? 0;
    }
    process.stderr.write(`${JSON.stringify({ machine, seeds: SEEDS, actions })}\n`);
    expect(actions).toBeGreaterThan(SEEDS * 10);
  }, DEADLINE_MS);
}
