/** What the core takes of a check process that read a job's report, and that nothing is learnt of it: real processes. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FlakyRate } from "../../proto/failed-test.ts";
import type { CheckRun } from "../checking/answer.ts";
import { Lane } from "../checking/lane.ts";
import { EMBEDDED_CONFIG, resolveHost } from "../config/host.ts";
import { WorkerPool } from "../platform/pool/pool.ts";
import type { TestHistory } from "./history.ts";
import { saidOfTests } from "./said-of-tests.ts";

setDefaultTimeout(60_000);

let folder: string;
const pools: WorkerPool[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "said-"));
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.drain(0)));
  rmSync(folder, { recursive: true, force: true });
});

async function said(program: string, names: readonly string[], text: string, history?: TestHistory, hide = false): Promise<CheckRun[]> {
  const { worker } = resolveHost(EMBEDDED_CONFIG).limits;
  const pool = new WorkerPool({ argv: [process.execPath, "--smol", join(import.meta.dir, program)], cwd: "/", env: {}, limits: worker, size: 1, backoff: worker, cgroups: undefined });
  pools.push(pool);
  const path = join(folder, `r${pools.length}`);
  writeFileSync(path, text);
  const report = { path, sha256: new Bun.CryptoHasher("sha256").update(text).digest("hex") };
  const obligations = Object.fromEntries(names.map((name) => [name, { from: { report: name }, format: "junit", metric: "failed", max: "0", hide } as const]));
  const commands = { lint: { run: ["lint"] }, unit: { run: ["unit"], output: { junit: "j.xml" } } };
  await using lane = new Lane(pool, new AbortController().signal, "t");
  // Awaited, or the lane would be given back before it is used.
  return await saidOfTests({ commands, obligations }, { repo_id: "local:7:x", history, handed: new Map(names.map((name) => [name, report])), lane, deadline_ms: () => 30_000 });
}

describe("attack: a check process that a report took over says", () => {
  const lies: readonly (readonly [string, string])[] = [
    ["that the sandbox saw it", "sandbox"],
    ["that another rule was broken", "rule"],
    ["that findings were left out", "cut"],
    ["that it failed, on nothing", "empty"],
    ["that all is well, with findings", "passed"],
    ["that it is another check", "other"],
  ];
  test("only what a report may say is taken; of the rest nothing, in the name of the job", async () => {
    const runs = await said("testing/lying-report.ts", ["none", ...lies.map(([, name]) => name)], "<testsuite/>");
    const results = Object.fromEntries(runs.map(({ outcome: { check, result, observer, findings, because } }) => [check, [result, observer, findings.length, because?.includes("worker.protocol") ?? false]]));
    expect(results).toEqual({ "report.none": ["fail", "job", 1, false], ...Object.fromEntries(lies.map(([, name]) => [`report.${name}`, ["unavailable", "job", 0, true]])) });
  });
});

test("attack: a hidden number of failed tests is counted from what is said of each", async () => {
  expect(await said("../gate/worker.ts", ["tests"], '<testsuite><testcase name="t"><failure/></testcase></testsuite>', undefined, true)).toEqual([]);
});

test("attack: what a job says failed or passed teaches nothing; rates come of commands with JUnit reports alone", async () => {
  const rate: FlakyRate = { runs: 12, flakes: 6, low_permille: 250, high_permille: 750 };
  const asked: string[] = [];
  const history: TestHistory = {
    watched: () => [],
    expire: () => 0,
    ran: () => {
      throw new Error("a job's report was learnt from");
    },
    rates: ({ command }, ids) => {
      asked.push(command);
      return new Map(ids.map((id) => [id, rate]));
    },
  };
  const [run] = await said("../gate/worker.ts", ["tests"], '<testsuite><testcase name="t"><failure/></testcase><testcase name="u"/></testsuite>', history);
  expect([run?.outcome.check, run?.outcome.findings.map(({ test: one }) => one?.flaky), asked]).toEqual(["report.tests", [rate], ["unit"]]);
});
