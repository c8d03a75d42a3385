/** Outside tools through the command line: a real repository, real bubblewrap, a change that really breaks what the tool measures. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { skipWithout } from "../testing/skip.ts";
import { decisive, oneDocument, World } from "./testing/world.ts";

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.dispose());

const sandboxed = skipWithout(Bun.which("bwrap") !== null, "declared commands through the command line: needs bubblewrap");

const CONFIG = `version: 1
commands:
  test:
    run: [bun, test, --coverage, --coverage-reporter=lcov, --coverage-dir=/scratch/coverage, --reporter=junit, --reporter-outfile=/scratch/junit.xml]
    inputs: ["src/**"]
    mounts: [bun]
    output: {junit: junit.xml}
  lint:
    run: [bun, tools/lint.ts]
    mounts: [bun]
    output: {sarif: out.sarif}
obligations:
  coverage.line: {from: {command: test, file: coverage/lcov.info}, format: lcov, metric: line, unit: percent, scale: 2, min: "80.00"}
  tests.passed: {from: {command: test, file: junit.xml}, format: junit, metric: passed, min: "1"}
  bundle.bytes: {from: {report: bundle}, format: json, pointer: /size, unit: byte, max: "1000", required: false}
`;
/** A linter of five lines: it knows one rule. */
const LINT = `import { readdirSync, readFileSync } from "node:fs";
const results = readdirSync("src").flatMap((name) => readFileSync("src/" + name, "utf8").split("\\n").flatMap((line, at) => line.includes("eval(") ? [{ ruleId: "no-eval", level: "error", message: { text: "eval is not used here" }, locations: [{ physicalLocation: { artifactLocation: { uri: "file:///change/src/" + name }, region: { startLine: at + 1 } } }] }] : []));
await Bun.write("/scratch/out.sarif", JSON.stringify({ version: "2.1.0", runs: [{ tool: { driver: { name: "five-lines", rules: [{ id: "no-eval" }] } }, results }] }));
process.exit(results.length === 0 ? 0 : 1);
`;
const CODE = "export function twice(a: number): number {\n  return a * 2;\n}\n";
const TESTS = 'import { expect, test } from "bun:test";\nimport { twice } from "./twice.ts";\ntest("twice", () => expect(twice(2)).toBe(4));\n';
const BASE = { "maestro.yaml": CONFIG, "tools/lint.ts": LINT, "src/twice.ts": CODE, "src/twice.test.ts": TESTS };
/** Nine lines nobody tests. */
const UNTESTED = `${CODE}export function thrice(a: number): number {\n${Array.from({ length: 8 }, (_, i) => `  a += ${i};`).join("\n")}\n  return a;\n}\n`;

describe.skipIf(sandboxed)("commands and obligations of the trusted base", () => {
  test("a change that keeps every promise is admitted, and the card shows value, unit, bound and whose word it is", async () => {
    const repository = await world.changed(BASE, { "src/twice.ts": CODE.replace("a * 2", "a + a") });
    const judged = await world.judged(repository);
    expect([judged.verdict, judged.code, decisive(judged)]).toEqual(["admit", 0, []]);
    expect(judged.card.checks.filter(({ check }) => /^command|^obligations/.test(check)).map(({ check, result, required }) => [check, result, required])).toEqual([["obligations", "fail", true], ["command.lint", "pass", true], ["command.test", "pass", true]]);
    expect(judged.card.obligations?.map(({ name, result, value, unit, scale, min, observer }) => [name, result, value, unit, scale, min, observer])).toEqual([
      ["bundle.bytes", "unavailable", null, "byte", 0, null, "job"],
      ["coverage.line", "pass", "10000", "percent", 2, "8000", "sandbox"],
      ["tests.passed", "pass", "1", null, 0, "1", "sandbox"],
    ]);
    const shown = await world.gate(repository);
    expect(shown.stdout).toContain("\u2713  coverage.line          pass, required\n     100.00 percent, at least 80.00 is required (measured in the sandbox)\n");
  }, 120_000);

  test("a change whose code really lowers coverage is refused, with the measured value", async () => {
    const judged = await world.judged(await world.changed(BASE, { "src/twice.ts": UNTESTED }));
    expect([judged.verdict, judged.code, decisive(judged)]).toEqual(["refuse", 1, ["obligation.failed"]]);
    const [failed] = judged.card.obligations?.filter(({ result }) => result === "fail") ?? [];
    expect(failed?.name).toBe("coverage.line");
    expect(Number(failed?.value)).toBeLessThan(8000);
    expect(judged.card.reasons.find(({ rule }) => rule === "obligation.failed")?.because).toContain("at least 80.00 is required");
  }, 120_000);

  test("a change that breaks a test is refused by name, and the counterexample is the test's own", async () => {
    const judged = await world.judged(await world.changed(BASE, { "src/twice.ts": CODE.replace("a * 2", "a * 3") }));
    expect([judged.verdict, decisive(judged)]).toEqual(["refuse", ["command.test.test-failed", "obligation.failed"]]);
    const reason = judged.card.reasons.find(({ rule }) => rule === "command.test.test-failed");
    expect(reason?.because).toContain("twice");
    expect(reason?.excerpt).toContain("Expected: 4");
    expect(reason?.ranges[0]?.path).toEqual({ u: "src/twice.test.ts" });
  }, 120_000);

  test("a SARIF finding becomes a reason with the tool's rule and its place in the tree", async () => {
    const judged = await world.judged(await world.changed(BASE, { "src/other.ts": "// a\nexport const e = eval('1');\n" }));
    expect([judged.verdict, decisive(judged)]).toEqual(["refuse", ["command.lint.no-eval"]]);
    expect(judged.card.reasons.find(({ rule }) => rule === "command.lint.no-eval")?.ranges).toEqual([{ path: { u: "src/other.ts" }, start_line: 2, end_line: 2 }]);
    const explained = await world.run(["explain", "command.lint.no-eval", "--embedded"]);
    expect([explained.code, explained.stdout.includes("a declared tool reports an error")]).toEqual([0, true]);
  }, 120_000);

  test("attack: head weakens its own configuration, and the base's still counts", async () => {
    const loose = CONFIG.replace('min: "80.00"', 'min: "1.00"').replace("run: [bun, tools/lint.ts]", 'run: ["true"]');
    const judged = await world.judged(await world.changed(BASE, { "maestro.yaml": loose, "src/twice.ts": UNTESTED }));
    expect(judged.verdict).toBe("refuse");
    expect(decisive(judged)).toContain("obligation.failed");
  }, 120_000);

  test("a change that touches no input leaves the command and what hangs on it not applicable", async () => {
    const judged = await world.judged(await world.changed(BASE, { "README.md": "words\n" }));
    expect(judged.verdict).toBe("admit");
    expect(judged.card.checks.filter(({ check }) => check === "command.test" || check === "command.lint").map(({ check, result }) => [check, result])).toEqual([["command.lint", "pass"], ["command.test", "not_applicable"]]);
    expect(judged.card.obligations?.find(({ name }) => name === "coverage.line")?.result).toBe("not_applicable");
  }, 120_000);

  test("another report is another question: the same change is judged anew, and the old answer is given to the old question", async () => {
    const repository = await world.changed(BASE, { "README.md": "words\n" });
    await Bun.write(world.path("small.json"), '{"size": 900}');
    await Bun.write(world.path("large.json"), '{"size": 1001}');
    const gate = (file: string) => world.judged(repository, ["--report", `bundle=${world.path(file)}`]);
    const [small, large] = [await gate("small.json"), await gate("large.json")];
    const value = (one: typeof small) => one.card.obligations?.find(({ name }) => name === "bundle.bytes");
    expect([value(small)?.result, value(small)?.value, value(large)?.result, value(large)?.value]).toEqual(["pass", "900", "fail", "1001"]);
    expect([small.recorded, large.recorded, large.attempt, large.gate_id === small.gate_id]).toEqual([false, false, 2, true]);
    expect((await gate("large.json")).recorded).toBe(true);
    expect((await gate("small.json")).recorded).toBe(false);
  }, 120_000);

  test("a replay runs no command and says so", async () => {
    const repository = await world.changed(BASE, { "src/twice.ts": UNTESTED });
    const ran = await world.run(["replay", repository.path, "--embedded", "--last", "1", "--json"]);
    expect(JSON.stringify(oneDocument(ran))).toContain('"left_out":["command.test","command.lint","obligations"]');
    const spoken = await world.run(["replay", repository.path, "--embedded", "--last", "1"]);
    expect(spoken.stderr).toContain("not run: command.lint command.test obligations; a replay runs no command and measures nothing");
  }, 120_000);

  test("nothing of the tree stays behind", () => {
    const scratch = `${world.state_dir}/scratch`;
    expect(existsSync(scratch) ? readdirSync(scratch) : []).toEqual([]);
  });
});

describe("what a job says of itself", () => {
  const claims = (more = "") => `version: 1\nobligations:\n  mutation.score: {from: {report: mutation}, format: stryker, metric: score, unit: percent, scale: 2, min: "50"${more}}\n`;
  const mutants = JSON.stringify({ files: { a: { mutants: [{ status: "Killed" }, { status: "Killed" }, { status: "Survived" }] } } });

  test("it satisfies nothing required unless the base accepts it by name; a failure it admits counts", async () => {
    await Bun.write(world.path("good.json"), mutants);
    await Bun.write(world.path("bad.json"), mutants.replaceAll("Killed", "Survived"));
    const [plain, trusting] = [await world.changed({ "maestro.yaml": claims() }, { "README.md": "w\n" }), await world.changed({ "maestro.yaml": claims(", accept_from_job: true") }, { "README.md": "w\n" })];
    const good = ["--report", `mutation=${world.path("good.json")}`];
    expect(decisive(await world.judged(plain, good))).toEqual(["gate.check-unavailable", "obligation.claimed"]);
    expect(decisive(await world.judged(trusting, good))).toEqual([]);
    expect(decisive(await world.judged(trusting, ["--report", `mutation=${world.path("bad.json")}`]))).toEqual(["obligation.failed"]);
    expect(decisive(await world.judged(trusting))).toEqual(["gate.check-unavailable", "obligation.unavailable"]);
  }, 120_000);

  test("a report nobody reads is said, and a file that is not there ends the command", async () => {
    const repository = await world.changed({}, { "README.md": "w\n" });
    await Bun.write(world.path("stray.json"), "{}");
    const judged = await world.judged(repository, ["--report", `stray=${world.path("stray.json")}`]);
    expect(judged.card.warnings).toContain("report stray was handed in and no obligation reads it");
    const missing = await world.gate(repository, ["--report", `mutation=${world.path("nowhere.json")}`]);
    expect([missing.code, missing.stdout]).toEqual([2, ""]);
    expect((await world.gate(repository, ["--report", "no-equals-sign"])).stderr).toContain("--report takes NAME=FILE");
  }, 120_000);
});
