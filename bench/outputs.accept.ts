/** SARIF and JUnit in the hands of other people's readers: the OASIS schema and go-sarif's model, and go-junit's parser. */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { admitted, card } from "../daemon/cli/card/testing/card.ts";
import { HOSTILE } from "../daemon/cli/card/testing/hostile.ts";
import { renderJunit } from "../daemon/cli/outputs/junit.ts";
import { renderSarif } from "../daemon/cli/outputs/sarif.ts";
import { found, hostileReport, report } from "../daemon/cli/outputs/testing/report.ts";
import type { Report } from "../daemon/cli/outputs/report.ts";
import { accepts, output, run } from "./rig/accepts.ts";
import { outputcheck } from "./rig/tools.ts";

const SARIF_VERSION = "v3.3.1";
const JUNIT_VERSION = "v1.0.0";
const DOWNLOAD_DEADLINE_MS = 420_000;
const sarif = { name: "github.com/owenrumney/go-sarif", version: SARIF_VERSION };
const junit = { name: "github.com/joshdk/go-junit", version: JUNIT_VERSION };

const work = mkdtempSync(join(tmpdir(), "maestro-accept-outputs-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const SCHEMA = join(work, "schema.json");

let built: Promise<string> | undefined;
function checker(): Promise<string> {
  built ??= (async () => {
    const program = (await outputcheck(SARIF_VERSION, JUNIT_VERSION)).path();
    const { Dir } = JSON.parse(await output(["go", "mod", "download", "-json", `github.com/owenrumney/go-sarif/v3@${SARIF_VERSION}`], { cwd: work, timeout_ms: DOWNLOAD_DEADLINE_MS })) as { readonly Dir: string };
    // The schema stands in that module's source between two backticks.
    const [, schema = ""] = readFileSync(join(Dir, "pkg/report/v210/sarif/schema.go"), "utf8").split("`");
    expect(JSON.parse(schema)).toMatchObject({ id: expect.stringContaining("sarif-schema-2.1.0.json") });
    writeFileSync(SCHEMA, schema);
    return program;
  })();
  return built;
}

const WAIVER = { kind: "inline" as const, state: "accepted" as const, rule: "ci.changed", reason: "vendor's file", owner: "Ada", until: "2026-12-01", path: { u: "a.yml" }, line: 3, because: null };

/** Everything a file can hold: every state, fix, waiver, no place, a path without an encoding, unavailable, gaps, truncation. */
const FULL: Report = report({
  card: card({ checks: [...card().checks, { check: "extra", result: "unavailable", required: true, because: "killed", findings: 0 }], gaps: [{ what: "b.bin", because: "binary" }] }),
  found: {
    findings: [
      found({ severity: "error", fix: { description: "Say it.", replacement: "contents: read\n" }, waiver: WAIVER, identity: "e".repeat(64) }),
      ...(["existing", "fixed", "not_compared"] as const).map((baseline) => found({ baseline })),
      found({ range: null, waiver: { ...WAIVER, kind: "config", line: null } }),
      found({ severity: "note", range: { path: { b64: new Uint8Array([0x61, 0x20, 0xff]).toBase64() }, start_line: 9, end_line: 2 } }),
    ],
    cut: 4,
  },
});
const CASES: readonly (readonly [string, Report])[] = [["full", FULL], ["clean", report({ card: admitted(), found: { findings: [], cut: 0 } })], ...HOSTILE.map(([attack, text]) => [attack, hostileReport(text)] as const)];

async function read(kind: "sarif" | "junit", text: string): Promise<Record<string, unknown>> {
  const path = join(work, `case.${kind}`);
  writeFileSync(path, text);
  return JSON.parse(await output([await checker(), kind, path, SCHEMA])) as Record<string, unknown>;
}

accepts(sarif, `the OASIS schema of SARIF 2.1.0 takes ${CASES.length} files, hostile ones among them`, async () => {
  for (const [name, given] of CASES) expect([name, (await read("sarif", renderSarif(given)))["results"]]).toEqual([name, given.found.findings.length]);
  expect(((await read("sarif", renderSarif(FULL)))["paths"] as string[]).slice(-2)).toEqual([".", "a%20%FF"]);
});

accepts(sarif, "the same schema refuses a file with a planted fault", async () => {
  const path = join(work, "bad.sarif");
  for (const [from, to] of [['"level":"error"', '"level":"fatal"'], ['"ruleIndex":0', '"ruleNumber":0'], ['"baselineState":"absent"', '"baselineState":"fixed"'], ['"kind":"inSource"', '"kind":"inline"']] as const) {
    const text = renderSarif(FULL).replace(from, to);
    expect(text).toContain(to);
    writeFileSync(path, text);
    expect((await run([await checker(), "sarif", path, SCHEMA])).code).toBe(1);
  }
});

accepts(junit, `reads ${CASES.length} reports with the counts that they name`, async () => {
  for (const [name, given] of CASES) {
    const xml = renderJunit(given);
    const [, tests, failures, errors, skipped] = /<testsuites name="maestro" tests="(\d+)" failures="(\d+)" errors="(\d+)" skipped="(\d+)"/.exec(xml) ?? [];
    const counts = [tests, failures, errors, skipped].map(Number);
    const { tests: all, failed, errors: broken, skipped: left } = await read("junit", xml);
    expect([name, all, failed, broken, left]).toEqual([name, ...counts]);
  }
});
