import { describe, expect, test } from "bun:test";
import { admitted, card } from "../card/testing/card.ts";
import { activeCharacters, HOSTILE } from "../card/testing/hostile.ts";
import { annotations, renderAnnotations } from "./annotations.ts";
import { found, hostileReport, report } from "./testing/report.ts";

/** Reads a line as the runner does: command, properties with their escapes, message. Null for a line that is no command. */
function asRunner(line: string): { readonly kind: string; readonly properties: Readonly<Record<string, string>>; readonly message: string } | null {
  const [, kind, list = "", message] = /^\s*::([a-z-]+)(?: ([^:]*(?::(?!:)[^:]*)*))?::(.*)$/s.exec(line) ?? [];
  if (kind === undefined || message === undefined) return null;
  const read = (text: string) => text.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%25", "%");
  const pairs = list.split(",").map((pair) => [pair.slice(0, pair.indexOf("=")), read(pair.slice(pair.indexOf("=") + 1))] as const);
  return { kind, properties: Object.fromEntries(pairs), message: read(message) };
}

test("one line per finding, with its kind by what it led to", () => {
  expect(annotations(report()).lines).toEqual([
    "::warning file=.github/workflows/test.yml,line=57,endLine=58,title=ci.changed::the workflow runs other commands. Move it into a change of its own.",
    "::warning title=guard.self-edit::tells agents what to do",
  ]);
});

test("a path and a message with every character the runner reads come through as they are", () => {
  const path = "a,b:c%d=e f.ts";
  const [line = ""] = annotations(report({ found: { findings: [found({ range: { path: { u: path }, start_line: 1, end_line: 1 }, message: "100% of a:b,c", fix: null })], cut: 0 } })).lines;
  expect(asRunner(line)).toEqual({ kind: "warning", properties: { file: path, line: "1", endLine: "1", title: "ci.changed" }, message: "100% of a:b,c" });
});

test("a reason without a finding is annotated too; what policy lets pass is not", () => {
  const reason = { ...card().reasons[0]!, rule: "gate.check-unavailable", effect: "refuse" as const, fingerprints: [], because: "killed" };
  expect(annotations(report({ card: admitted({ reasons: [reason] }) })).lines).toEqual(["::error title=gate.check-unavailable::killed"]);
  expect(annotations(report({ card: admitted() })).lines).toEqual([]);
});

test("ten of a kind, the rest counted in a line that costs no annotation", () => {
  const findings = Array.from({ length: 14 }, () => found());
  const { lines, cut } = annotations(report({ found: { findings, cut: 2 } }));
  expect([lines.length, cut]).toEqual([10, 6]);
  const last = renderAnnotations(report({ found: { findings, cut: 2 } })).trimEnd().split("\n").at(-1) ?? "";
  expect(last).toStartWith("maestro: 6 more finding(s)");
  expect(asRunner(last)).toBeNull();
});

describe("a hostile change is inert in annotations", () => {
  test.each([...HOSTILE, ["second command behind a carriage return", "x\r::stop-commands::pause"] as const, ["property that ends early", "a,title=ADMIT::all is well"] as const])("%s", (_attack, text) => {
    const shown = renderAnnotations(hostileReport(text));
    expect(activeCharacters(shown)).toEqual([]);
    const lines = shown.trimEnd().split("\n");
    // Three findings, and reasons without fingerprints there are none: nothing that the text could add.
    expect(lines).toHaveLength(4);
    for (const line of lines.slice(0, -1)) {
      const command = asRunner(line);
      expect(["error", "warning", "notice"]).toContain(command?.kind ?? "");
      expect(["ci.changed", "guard.self-edit"]).toContain(command?.properties["title"] ?? "");
    }
  });
});
