import { describe, expect, test } from "bun:test";
import { admitted, card, REASONS } from "../card/testing/card.ts";
import { activeCharacters, commandLines, HOSTILE } from "../card/testing/hostile.ts";
import { renderSarif } from "./sarif.ts";
import { sarifText } from "./sarif-text.ts";
import { DOC, finding, found, hostileReport, report } from "./testing/report.ts";
import type { Report } from "./report.ts";

interface Located { readonly physicalLocation: { readonly artifactLocation: { readonly uri: string; readonly uriBaseId: string }; readonly region: { readonly startLine: number; readonly endLine?: number } } }
interface Result {
  readonly ruleId: string; readonly ruleIndex: number; readonly level: string; readonly message: { readonly text: string }; readonly locations: readonly Located[]; readonly baselineState?: string;
  readonly partialFingerprints: Readonly<Record<string, string>>; readonly suppressions?: readonly Readonly<Record<string, unknown>>[]; readonly fixes?: readonly unknown[]; readonly properties: { readonly effect: string };
}
interface Run {
  readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string; readonly help?: { readonly text: string } }[] } };
  readonly invocations: readonly { readonly executionSuccessful: boolean; readonly toolExecutionNotifications: readonly { readonly level: string; readonly descriptor: { readonly id: string }; readonly message: { readonly text: string } }[] }[];
  readonly results: readonly Result[];
  readonly properties: { readonly maestro: { readonly results_cut: number; readonly verdict: string } };
}

/** Read back as a consumer would; the shape as a whole is judged by others in `bench/outputs.accept.ts`. */
function runOf(given: Report, caps?: Parameters<typeof renderSarif>[1]): Run {
  const log = JSON.parse(renderSarif(given, caps)) as { version: string; runs: Run[] };
  const [run] = log.runs;
  if (run === undefined || log.runs.length !== 1 || log.version !== "2.1.0") throw new Error("one run of version 2.1.0 was expected");
  return run;
}
const resultOf = (change: Parameters<typeof found>[0]): Result => runOf(report({ found: { findings: [found(change)], cut: 0 } })).results[0]!;

test("a finding with its rule, place, fingerprints and what it led to", () => {
  const run = runOf(report());
  expect(run.results[0]).toEqual({
    ruleId: "ci.changed", ruleIndex: 0, level: "warning", baselineState: "new",
    message: { text: "the workflow runs other commands. Move it into a change of its own." },
    locations: [{ physicalLocation: { artifactLocation: { uri: ".github/workflows/test.yml", uriBaseId: "%SRCROOT%" }, region: { startLine: 57, endLine: 58 } } }],
    partialFingerprints: { primaryLocationLineHash: `${"a".repeat(16)}:1`, "maestroFinding/v1": "a".repeat(64) },
    properties: { check: "ci", effect: "hold" } as Result["properties"],
  });
  expect(run.tool.driver.rules.map(({ id }) => id)).toEqual(["ci.changed", "guard.self-edit"]);
  expect(run.tool.driver.rules[0]?.help?.text).toContain(`Cannot see: ${DOC.cannot_see}`);
  expect(run.invocations[0]?.executionSuccessful).toBe(true);
});

test("a counterexample is a code flow of its finding, and whoever plants a broken one gets none", () => {
  const flow = (given: Report): string => JSON.stringify(runOf(given).results[0]);
  const shown = hostileReport("x");
  expect(JSON.parse(flow(shown))).toMatchObject({ codeFlows: [{ threadFlows: [{ locations: [{ executionOrder: 1 }, { executionOrder: 2, importance: "essential" }] }], properties: { engine: "tlc" } }] });
  const [first] = shown.found.findings;
  const cex = first?.finding.cex?.replace('"reproduced"', '"not-reproduced"');
  expect(flow(report({ found: { findings: [found({ cex: cex ?? "" })], cut: 0 } }))).not.toContain("codeFlows");
  expect(flow(report({ found: { findings: [found({ cex: "{}" })], cut: 0 } }))).not.toContain("codeFlows");
});

test("a finding about the whole change has a place too: without one code hosts refuse the file", () => {
  const [result] = runOf(report({ found: { findings: [found({ range: null })], cut: 0 } })).results;
  expect(result?.locations[0]?.physicalLocation).toEqual({ artifactLocation: { uri: ".", uriBaseId: "%SRCROOT%" }, region: { startLine: 1 } });
});

test("paths are percent-encoded byte by byte, whatever encoding they are in", () => {
  const uri = (path: { u: string } | { b64: string }) => resultOf({ range: { path, start_line: 1, end_line: 1 } }).locations[0]?.physicalLocation.artifactLocation.uri ?? "";
  expect(uri({ u: "a b/ü#%?.ts" })).toBe("a%20b/%C3%BC%23%25%3F.ts");
  expect(uri({ b64: new Uint8Array([0x61, 0xff, 0x2f, 0x0a]).toBase64() })).toBe("a%FF/%0A");
  expect(uri({ u: "javascript:alert(1)" })).toBe("javascript%3Aalert%281%29");
  expect(new URL(uri({ u: "c:/windows" }), "file:///src/").href).toBe("file:///src/c%3A/windows");
});

test("new, existing and fixed are the baseline states; not compared says none", () => {
  const states = (["new", "existing", "fixed", "not_compared"] as const).map((baseline) => resultOf({ baseline }).baselineState);
  expect(states).toEqual(["new", "unchanged", "absent", undefined]);
  expect(resultOf({ baseline: "fixed" }).properties.effect).toBe("none");
});

const WAIVER = { kind: "inline" as const, state: "accepted" as const, rule: "ci.changed", reason: "vendor's file", owner: "Ada", until: "2026-12-01", path: { u: "a.yml" }, line: 3, because: null };

test("a waiver that counts is a suppression with its justification", () => {
  expect(resultOf({ waiver: WAIVER }).suppressions).toEqual([
    { kind: "inSource", status: "accepted", justification: "vendor's file (by Ada, until 2026-12-01)", location: { physicalLocation: { artifactLocation: { uri: "a.yml", uriBaseId: "%SRCROOT%" }, region: { startLine: 3 } } } },
  ]);
  expect(resultOf({ waiver: { ...WAIVER, kind: "config", line: null } }).suppressions).toEqual([{ kind: "external", status: "accepted", justification: "vendor's file (by Ada, until 2026-12-01)" }]);
});

test("attack: an expired or refused waiver suppresses nothing", () => {
  for (const state of ["expired", "refused"] as const) expect(resultOf({ waiver: { ...WAIVER, state, because: "expired" } }).suppressions).toBeUndefined();
});

test("a fix is offered where the new text is known to the letter, and nowhere else", () => {
  expect(resultOf({ fix: { description: "Say it plainly.", replacement: "contents: read" } }).fixes).toEqual([
    { description: { text: "Say it plainly." }, artifactChanges: [{ artifactLocation: { uri: ".github/workflows/test.yml", uriBaseId: "%SRCROOT%" }, replacements: [{ deletedRegion: { startLine: 57, endLine: 58 }, insertedContent: { text: "contents: read" } }] }] },
  ]);
  expect(resultOf({}).fixes).toBeUndefined();
  expect(resultOf({ fix: { description: "x", replacement: "y" }, range: null }).fixes).toBeUndefined();
});

test("two findings of one line are told apart", () => {
  const twice = runOf(report({ found: { findings: [found(), found()], cut: 0 } })).results.map(({ partialFingerprints }) => partialFingerprints["primaryLocationLineHash"]);
  expect(new Set(twice).size).toBe(2);
  expect(resultOf({ identity: "e".repeat(64) }).partialFingerprints["primaryLocationLineHash"]).toBe(`${"e".repeat(16)}:1`);
});

test("attack: an unavailable check does not read as a run without results", () => {
  const checks = [{ check: "secrets", result: "unavailable" as const, required: true, because: "killed at its deadline", findings: 0 }];
  const [invocation] = runOf(report({ card: admitted({ checks, gaps: [{ what: "b.bin", because: "binary" }] }), found: { findings: [], cut: 0 } })).invocations;
  expect(invocation?.executionSuccessful).toBe(false);
  expect(invocation?.toolExecutionNotifications.map(({ level, descriptor }) => [level, descriptor.id])).toEqual([["error", "check-unavailable"], ["note", "not-looked-at"]]);
  expect(invocation?.toolExecutionNotifications[0]?.message.text).toContain("killed at its deadline");
});

test("5,000 results, most severe kept, and what was cut is said twice", () => {
  const findings = [found({ severity: "error" }), ...Array.from({ length: 5_001 }, (_, n) => found({ severity: "note", fingerprint: n.toString(16).padStart(64, "0") }))];
  const run = runOf(report({ found: { findings, cut: 7 } }));
  expect(run.results).toHaveLength(5_000);
  expect(run.results[0]?.level).toBe("error");
  expect(run.properties.maestro.results_cut).toBe(9);
  expect(run.invocations[0]?.toolExecutionNotifications[0]).toMatchObject({ level: "warning", descriptor: { id: "results-cut" }, message: { text: "9 of 5009 findings are not in this file; the most severe are" } });
});

test("attack: huge messages stop at the byte cap instead of making a file nobody takes", () => {
  const findings = Array.from({ length: 100 }, (_, n) => found({ message: "\u202e".repeat(2_000), fingerprint: n.toString(16).padStart(64, "0") }));
  const caps = { results_max: 5_000, bytes_max: 100_000 };
  const given = report({ found: { findings, cut: 0 } });
  const run = runOf(given, caps);
  expect(renderSarif(given, caps).length).toBeLessThan(caps.bytes_max + 10_000);
  expect(run.results.length).toBeGreaterThan(0);
  expect(run.results.length + run.properties.maestro.results_cut).toBe(100);
});

describe("a hostile change is inert in SARIF", () => {
  test.each(HOSTILE)("%s", (_attack, text) => {
    const shown = renderSarif(hostileReport(text));
    expect(activeCharacters(shown)).toEqual([]);
    expect(commandLines(shown)).toEqual([]);
    const run = JSON.parse(shown).runs[0] as Run;
    for (const { message, locations, suppressions } of run.results) {
      for (const said of [message.text, String(suppressions?.[0]?.["justification"])]) {
        expect(activeCharacters(said)).toEqual([]);
        // An embedded link (3.11.6) needs a bracket that is not escaped.
        expect(said).not.toMatch(/(?<!\\)\]\(/);
      }
      expect(locations[0]?.physicalLocation.artifactLocation.uri).toMatch(/^[A-Za-z0-9._~/%-]*$/);
    }
  });

  test("placeholders and links are plain text, and what is neither is left as it is", () => {
    expect(sarifText("see {0} and {x}")).toBe("see {{0}} and {{x}}");
    expect(sarifText("[click](1)")).toBe("\\[click\\](1)");
    expect(sarifText("a[0] = {b}")).toBe("a[0] = {b}");
  });
});

test("what an observing rule would have done is a note, and what no reason names led to nothing", () => {
  const observed = card({ reasons: REASONS.map((one) => ({ ...one, observed: true })) });
  expect(runOf(report({ card: observed })).results.map(({ properties }) => properties.effect)).toEqual(["note", "note"]);
  expect(runOf(report({ card: admitted(), found: { findings: [{ check: "ci", finding: finding() }], cut: 0 } })).results[0]?.properties.effect).toBe("none");
});
