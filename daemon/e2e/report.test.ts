/** `maestro report` through the command line: one gate of an agent with a run it names, counted in three forms. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { World } from "./testing/world.ts";
import type { ReportReply } from "../../proto/report-kpi.ts";

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.dispose());

test("counts what was gated, says what nobody measured, and takes no nonsense", async () => {
  const source = await world.repository();
  await source.commit({ "a.ts": "export const a = 1;\n" }, "work\n\nCo-Authored-By: Claude <noreply@anthropic.com>\nMaestro-Run: run-00000001");
  const gate = await world.run(["gate", source.path, "--json"]);
  const { cost } = JSON.parse(gate.stdout) as { cost: { runs: number; cpu_us: number; reported: { runs_named: number; runs_reported: number } } };
  expect([gate.code, cost.runs, cost.cpu_us > 0, cost.reported]).toEqual([0, 1, true, expect.objectContaining({ runs_named: 1, runs_reported: 0 })]);
  const report = JSON.parse((await world.run(["report", "--json"])).stdout) as ReportReply;
  const kpi = (id: string) => report.kpis.find((one) => one.id === id);
  expect([report.gates.counted, kpi("changes")?.parts.find(({ name }) => name === "agent")?.value, kpi("cost.reported")?.value, report.people]).toEqual([1, "1", null, null]);
  const text = await world.run(["report", "--window", "12h"]);
  expect(text.stdout).toMatch(/Changes gated +1 +n 1[^]*unmeasured\n[^]*Reported cost per change +no agent reported/);
  expect((await world.run(["report", "--markdown"])).stdout).toContain("| Changes gated | 1 | 1 |");
  expect((await world.run(["report", "--window", "7 days"])).code).toBe(2);
}, 120_000);
