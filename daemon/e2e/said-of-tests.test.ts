/** Failed tests of a report that the job hands in, through the command line: whose they are, on every face, and that none of it decides. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../proto/config.ts";
import { openTestHistory } from "../commands/history.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { openStore } from "../store/db.ts";
import { skipWithout } from "../testing/skip.ts";
import { alive, decisive, until, World } from "./testing/world.ts";

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.dispose());

const sandboxed = skipWithout(Bun.which("bwrap") !== null, "tests that a job says failed: needs bubblewrap");

const failing = (name: string, file: string, message = "no"): string => `<testcase classname="s" name="${name}" file="${file}"><failure message="${message}"/></testcase>`;
/** What the declared command says of any tree. */
const OLD = `<testsuite>${failing("old", "lib/old.test.js")}${failing("worse", "lib/old.test.js", "one")}</testsuite>\n`;
const CONFIG = (max: number): string => `version: 1
commands:
  unit: {run: [sh, -c, "cp old.xml /scratch/j.xml; exit 1"], output: {junit: j.xml}, required: false}
obligations:
  tests.failed: {from: {report: tests}, format: junit, metric: failed, max: "${max}", accept_from_job: true}
quarantine: [{ test: "s slow*", owner: team, reason: issue 7, until: 2099-01-01 }]
`;
const SAID = `<testsuite name="s">${failing("mine", "pkg/mine.test.js")}${failing("far", "lib/far.test.js")}${failing("slow one", "lib/slow.test.js")}${failing("odd", "lib/odd.test.js")}${failing("old", "lib/old.test.js")}${failing("worse", "lib/old.test.js", "two")}<testcase name="fine"/></testsuite>`;

const repository = (max: number): Promise<Source> => world.changed({ "maestro.yaml": CONFIG(max), "old.xml": OLD, "pkg/mine.test.js": "1\n", "lib/far.test.js": "1\n" }, { "pkg/code.js": "new\n" });
const handed = async (name: string, text: string): Promise<string[]> => {
  await Bun.write(world.path(name), text);
  return ["--report", `tests=${world.path(name)}`];
};

/** As if the target's tip had been run twelve times over six trees: by the product's own writer, while no daemon runs. */
async function makeKnown(repo_id: string, id: string): Promise<void> {
  const { pid } = (await world.status()).daemon;
  process.kill(pid, "SIGTERM");
  await until(() => !alive(pid));
  const store = openStore({ state_dir: world.state_dir, limits: Value.Create(StoreLimits), fatal: () => undefined });
  const history = openTestHistory({ store, now_s: () => Math.floor(Date.now() / 1000) });
  for (let n = 1; n <= 6; n++) {
    history.ran({ repo_id, command: "unit" }, n.toString(16).padStart(40, "0"), [id], []);
    history.ran({ repo_id, command: "unit" }, n.toString(16).padStart(40, "0"), [], [id]);
  }
  await store.close();
}

interface Told {
  readonly runs: readonly { readonly results: readonly { readonly ruleId: string; readonly level: string; readonly message: { readonly text: string } }[] }[];
}

describe.skipIf(sandboxed)("tests that a job says failed", () => {
  test("are classed by what the daemon itself knows, shown as the job's word, and decide nothing", async () => {
    const source = await repository(6);
    const report = await handed("said.xml", SAID);
    const first = await world.judged(source, report);
    const check = (one: typeof first) => one.card.checks.find((row) => row.check === "report.tests");
    expect(check(first)).toEqual({ check: "report.tests", result: "fail", required: false, because: null, findings: 6, observer: "job", tests: { failed: 6, yours: 1, base: 1, flaky: 0, quarantined: 1, undecided: 3 } });
    await makeKnown(first.card.repository, new Bun.CryptoHasher("sha256").update(JSON.stringify(["s", "odd", "lib/odd.test.js"])).digest("hex").slice(0, 32));
    const again = await world.judged(source, [...report, "--rerun", "--sarif", world.path("o.sarif"), "--junit", world.path("o.xml")]);
    expect(check(again)?.tests).toEqual({ failed: 6, yours: 1, base: 1, flaky: 1, quarantined: 1, undecided: 2 });
    expect([again.verdict, decisive(again), [...new Set(again.card.reasons.filter(({ rule }) => rule === "report.test-failed").map(({ effect }) => effect))]]).toEqual(["admit", [], ["note"]]);
    const told = (JSON.parse(readFileSync(world.path("o.sarif"), "utf8")) as Told).runs.flatMap(({ results }) => results).filter(({ ruleId }) => ruleId === "report.test-failed");
    expect([told.length, told.every(({ level, message }) => level === "note" && message.text.startsWith("said by the job: s "))]).toEqual([6, true]);
    expect(readFileSync(world.path("o.xml"), "utf8")).toContain("note: said by the job: s mine: no");
    const line = "report.tests, said by the job: 6 failed, 1 probably yours; 1 on the base too, 1 known flaky, 1 quarantined, 2 undecided";
    for (const args of [[], ["--format", "markdown"]]) expect((await world.run(["card", again.gate_id, ...args])).stdout.replaceAll(/\s+/g, " ").replaceAll("\\", "")).toContain(line);
  }, 120_000);

  test("attack: what is classed as nobody's fault excuses no obligation, and hostile XML is a note beside it", async () => {
    const source = await repository(0);
    const refused = await world.judged(source, await handed("old.xml", `<testsuite>${failing("old", "lib/old.test.js")}${failing("slow", "lib/slow.test.js")}</testsuite>`));
    expect(refused.card.checks.find(({ check }) => check === "report.tests")?.tests).toMatchObject({ failed: 2, base: 1, quarantined: 1 });
    expect([refused.verdict, decisive(refused)]).toEqual(["refuse", ["obligation.failed"]]);
    const hostile = await world.judged(source, await handed("hostile.xml", `<!DOCTYPE a [<!ENTITY x "y">]><testsuite><testcase name="&x;"/></testsuite>`));
    expect(hostile.card.checks.find(({ check }) => check === "report.tests")).toMatchObject({ result: "unavailable", observer: "job", required: false });
    expect(hostile.card.reasons.filter(({ check }) => check === "report.tests").map(({ rule, effect }) => [rule, effect])).toEqual([["gate.check-unavailable", "note"]]);
    expect(decisive(hostile)).toEqual(["gate.check-unavailable", "obligation.unavailable"]);
  }, 120_000);
});
