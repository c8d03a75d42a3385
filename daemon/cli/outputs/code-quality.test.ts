import { describe, expect, test } from "bun:test";
import { admitted, card } from "../card/testing/card.ts";
import { activeCharacters, commandLines, HOSTILE } from "../card/testing/hostile.ts";
import { renderCodeQuality } from "./code-quality.ts";
import type { Report } from "./report.ts";
import { found, hostileReport, report } from "./testing/report.ts";

interface Issue { readonly description: string; readonly check_name: string; readonly fingerprint: string; readonly severity: string; readonly location: { readonly path: string; readonly lines: { readonly begin: number } } }
const issues = (given: Report): Issue[] => JSON.parse(renderCodeQuality(given)) as Issue[];

/** GitLab's documented shape; an issue without one of these is dropped in silence. */
function complete({ description, check_name, fingerprint, severity, location }: Issue): boolean {
  const texts = [description, check_name, fingerprint, location.path].every((text) => typeof text === "string" && text !== "");
  return texts && ["info", "minor", "major", "critical", "blocker"].includes(severity) && Number.isInteger(location.lines.begin) && location.lines.begin >= 1 && !location.path.startsWith("./");
}

test("every issue has severity, fingerprint and place", () => {
  const list = issues(report());
  expect(list.map(({ check_name, severity, location }) => [check_name, severity, location.path, location.lines.begin])).toEqual([["ci.changed", "critical", ".github/workflows/test.yml", 57], ["guard.self-edit", "critical", ".", 1]]);
  expect(list.every(complete)).toBe(true);
});

test("severity follows what the finding led to", () => {
  const [reason] = card().reasons;
  const severity = (effect: "refuse" | "hold" | "note", observed = false) => issues(report({ card: card({ reasons: [{ ...reason!, effect, observed }] }) }))[0]?.severity;
  expect([severity("refuse"), severity("hold"), severity("note"), severity("refuse", true)]).toEqual(["blocker", "critical", "minor", "minor"]);
  expect(issues(report({ card: admitted() }))[0]?.severity).toBe("info");
});

test("no two issues share a fingerprint, and what is fixed is not reported", () => {
  const list = issues(report({ found: { findings: [found(), found(), found({ baseline: "fixed", fingerprint: "f".repeat(64) })], cut: 0 } }));
  expect(list.map(({ fingerprint }) => fingerprint)).toEqual(["a".repeat(64), `${"a".repeat(64)}-2`]);
});

test("attack: an unavailable check or cut findings do not read as a clean report", () => {
  const reason = { ...card().reasons[0]!, rule: "gate.check-unavailable", check: "secrets", fingerprints: [], because: "killed" };
  const list = issues(report({ card: card({ reasons: [reason] }), found: { findings: [], cut: 9 } }));
  expect(list.map(({ check_name, severity }) => [check_name, severity])).toEqual([["gate.check-unavailable", "critical"], ["maestro.findings-cut", "info"]]);
  expect(list.every(complete)).toBe(true);
});

describe("a hostile change is inert in GitLab's report", () => {
  test.each(HOSTILE)("%s", (_attack, text) => {
    const shown = renderCodeQuality(hostileReport(text));
    expect(activeCharacters(shown)).toEqual([]);
    expect(commandLines(shown)).toEqual([]);
    for (const issue of JSON.parse(shown) as Issue[]) {
      expect(activeCharacters(issue.description + issue.location.path)).toEqual([]);
      expect(["info", "minor", "critical", "blocker"]).toContain(issue.severity);
    }
  });
});
