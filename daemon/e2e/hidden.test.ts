/** Hidden numbers through the command line: measured in a real sandbox, proved, verified by a stranger, opened for an auditor, and found nowhere. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Source } from "../platform/git/testing/scratch.ts";
import { skipWithout } from "../testing/skip.ts";
import { bytesOf, decisive, oneDocument, unfolded, World, type GateDocument } from "./testing/world.ts";

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.dispose());

const sandboxed = skipWithout(Bun.which("bwrap") !== null, "hidden numbers through the command line: needs bubblewrap");

/** Shipped as pilots: mutation score, coverage, flake rate, latency, spend. Each has digits that stand nowhere else. */
const CONFIG = `version: 1
commands:
  measure:
    run: [sh, measure.sh]
    output: {junit: junit.xml}
    reuse: true
obligations:
  mutation.score: {from: {command: measure, file: m.json}, format: json, pointer: /mutation, unit: percent, scale: 7, min: "70", hide: true}
  coverage.line: {from: {command: measure, file: m.json}, format: json, pointer: /coverage, unit: percent, scale: 10, min: "60", max: "100", hide: true, hide_bits: 64}
  flake.rate: {from: {command: measure, file: m.json}, format: json, pointer: /flake, unit: percent, scale: 7, max: "5", hide: true}
  latency.p95: {from: {command: measure, file: m.json}, format: json, pointer: /p95, unit: ms, scale: 6, max: "900", hide: true}
  spend: {from: {report: spend}, format: json, pointer: /usd, unit: USD, scale: 7, max: "99", hide: true, accept_from_job: true}
  seen: {from: {command: measure, file: m.json}, format: json, pointer: /seen, max: "9"}
`;
/** The numbers are put together where they are measured, so that no file of the repository holds one of them whole. */
const MEASURE = `case $(cat level) in good) c=71.42 ;; *) c=51.42 ;; esac
json=$(printf '{"mutation": %s%s, "coverage": %s%s, "flake": %s%s, "p95": %s%s, "seen": 3}' 83.94 71625 $c 19583627 1.73 59264 612.8 40937)
echo "$json" > /scratch/m.json
echo "measured $json" >&2
printf '<testsuites><testsuite name="s" tests="1"><testcase name="a" classname="b"/></testsuite></testsuites>' > /scratch/junit.xml
test "$c" = 71.42
`;
const CANARIES = ["83.9471625", "839471625", "71.4219583627", "714219583627", "51.4219583627", "514219583627", "1.7359264", "612.840937", "612840937", "37.1846259", "371846259"];
const BASE = { "maestro.yaml": CONFIG, "measure.sh": MEASURE, level: "good\n" };
const HIDDEN = ["coverage.line", "flake.rate", "latency.p95", "mutation.score", "spend"];

/** The canaries that stand anywhere in the bytes. */
const found = (bytes: Buffer): string[] => CANARIES.filter((canary) => bytes.includes(canary));

/** Every file below a folder that holds a canary, but those named. */
function leaks(folder: string, besides: readonly string[] = []): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).flatMap((name) => {
    const path = join(folder, name);
    if (besides.includes(name) || !statSync(path, { throwIfNoEntry: false })?.isFile()) return [];
    return found(bytesOf(path)).map((canary) => `${path}: ${canary}`);
  });
}

async function gated(repository: Source): Promise<GateDocument & { readonly code: number }> {
  const spend = world.path("spend.json");
  await Bun.write(spend, `{"usd": ${"37.18"}${"46259"}}`);
  return world.judged(repository, ["--report", `spend=${spend}`, "--sarif", world.path("out.sarif"), "--junit", world.path("out.xml"), "--code-quality", world.path("out.cq.json"), "--out", world.path("bundle.json")]);
}

describe.skipIf(sandboxed)("numbers that trusted configuration hides", () => {
  test("are admitted, proved within their bounds to a stranger, opened for an auditor, and stand in no output, file, row or log line", async () => {
    const repository = await world.changed(BASE, { "src/a.ts": "export const a = 2;\n" });
    const judged = await gated(repository);
    expect([judged.verdict, judged.code, decisive(judged)]).toEqual(["admit", 0, []]);
    expect(judged.card.obligations?.filter(({ hidden }) => hidden === true).map(({ name, result, value }) => [name, result, value])).toEqual(HIDDEN.map((name) => [name, "pass", null]));

    const verified = unfolded(await world.run(["verify", world.path("bundle.json")]));
    expect(verified.code).toBe(0);
    expect(verified.stdout).toContain("coverage.line: hidden, proved to be at least 60.0000000000 percent and at most 100.0000000000 percent (bounds of the configuration that the gate's identity names)");
    expect(verified.stdout).toContain("latency.p95: hidden, proved to be at most 900.000000 ms");
    expect(verified.stdout).toContain("not that the measurement is true");

    const outputs = [
      JSON.stringify(judged),
      ...(await Promise.all(
        [
          ["card", judged.gate_id, "--markdown"], ["card", judged.gate_id], ["card", judged.gate_id, "--json"], ["card", judged.gate_id, "--format", "sarif"],
          ["card", judged.gate_id, "--format", "annotations"], ["explain", judged.gate_id], ["simulate", judged.gate_id, "--rule", "size.lines=note"], ["report", "--window", "7d"], ["report", "--json"],
          ["replay", repository.path, "--last", "3", "--json"], ["verify", world.path("bundle.json"), "--json"], ["status", "--json"], ["logs"], ["config", "--json"],
        ].map(async (args) => {
          const { stdout, stderr } = await world.run(args);
          return stdout + stderr;
        }),
      )),
      await (await fetch("http://localhost/metrics", { unix: world.socket_path })).text(),
    ];
    expect(outputs.flatMap((text) => found(Buffer.from(text)))).toEqual([]);

    const opening = world.path("opening.json");
    const revealed = await world.run(["reveal", judged.gate_id, "coverage.line", "--to", opening]);
    expect([revealed.code, found(Buffer.from(revealed.stdout + revealed.stderr))]).toEqual([0, []]);
    const opened = unfolded(await world.run(["verify", world.path("bundle.json"), "--opening", opening]));
    expect(opened.stdout).toContain("coverage.line: opened as 71.4219583627 percent, the very number that the signed leaf holds");
    const forged = world.path("forged.json");
    await Bun.write(forged, (await Bun.file(opening).text()).replace("714219583627", "814219583627"));
    expect(await world.run(["verify", world.path("bundle.json"), "--opening", forged])).toMatchObject({ code: 1, stdout: expect.stringContaining("this is not the number") });
    expect((await world.run(["reveal", judged.gate_id, "seen", "--to", opening])).stderr).toContain("hides no seen");

    expect((await world.run(["backup", world.path("copy")])).code).toBe(0);
    expect(leaks(world.home, ["opening.json", "forged.json", "spend.json"])).toEqual([]);
    // The harness is alive: a number that is not hidden is found by the same search.
    expect(JSON.stringify(judged.card.obligations)).toContain('"value":"3"');
    expect(leaks(world.home).length).toBeGreaterThan(0);
  }, 240_000);

  test("one that fails says so and no more, whatever its command prints; it has no proof, and its bundle verifies", async () => {
    const judged = await gated(await world.changed(BASE, { level: "bad\n" }));
    expect([judged.verdict, decisive(judged)]).toEqual(["refuse", ["command.measure.exit", "obligation.failed"]]);
    expect(judged.card.reasons.find(({ rule }) => rule === "obligation.failed")?.because).toEndWith("coverage.line: a hidden number of percent, at least 60.0000000000 and at most 100.0000000000 is required");
    const verified = oneDocument(await world.run(["verify", world.path("bundle.json"), "--json"]));
    expect(verified).toMatchObject({ result: "verified", ranges: [{ obligation: "coverage.line", result: "outside" }, { result: "proved" }, { result: "proved" }, { result: "proved" }, { result: "proved" }] });
    expect(leaks(world.home, ["opening.json", "forged.json", "spend.json"])).toEqual([]);
  }, 120_000);
});
