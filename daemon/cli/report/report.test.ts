/** Faces of a report: figures in words, what is missing said, and no text of a repository acts on a terminal or a page. */
import { describe, expect, test } from "bun:test";
import type { Kpi, ReportReply } from "../../../proto/report-kpi.ts";
import { reportMarkdown } from "./markdown.ts";
import { reportText } from "./text.ts";
import { decimalText, secondsText, valueText } from "./values.ts";

const KPI: Kpi = { id: "override.rate", title: "Reviewer overrides", formula: "a | b", goal: "< 0.5 %", unit: "percent", scale: 3, n: 4, value: "25000", unmeasured: null, parts: [{ name: "overridden", value: "1" }] };
const OPEN: Kpi = { ...KPI, id: "failover", title: "Failover", n: 0, value: null, unmeasured: "one node decides alone", parts: [] };
const REPORT: ReportReply = {
  v: 1, window: { from: "2026-01-01T00:00:00Z", to: "2026-01-08T00:00:00Z", seconds: 604_800 }, repository: null,
  gates: { counted: 4, cut: false, without_summary: 0 }, kpis: [KPI, OPEN], rules: [{ rule: "ci.changed", refused: 0, held: 2, would: 1 }], rules_cut: 0, people: null,
};

describe("figures in words", () => {
  test("decimals lose no digit and no zero that counts", () => {
    expect([decimalText("25000", 3), decimalText("645", 3), decimalText("5", 3), decimalText("0", 3), decimalText("100", 0)]).toEqual(["25", "0.645", "0.005", "0", "100"]);
  });

  test("times in two units, money in dollars, and no number where there is none", () => {
    expect([0, 41, 60, 3_900, 93_784].map(secondsText)).toEqual(["0 s", "41 s", "1 min", "1 h 5 min", "1 d 2 h"]);
    expect(valueText({ ...KPI, unit: "micro_usd", value: "180000", scale: 0 })).toBe("$0.18");
    expect(valueText({ ...KPI, unit: "us", value: "1250000", scale: 0 })).toBe("1.25 s");
    expect(valueText(OPEN)).toBe("unmeasured");
  });
});

describe("faces", () => {
  test("the terminal says n and goal, and what is unmeasured with its reason", () => {
    const text = reportText(REPORT);
    expect(text).toMatch(/Reviewer overrides +25 % {2}n 4 {2}overridden 1 {2}\(goal < 0\.5 %\)/);
    expect(text).toMatch(/unmeasured\n {2}Failover +one node decides alone/);
    expect(text).toMatch(/ci\.changed +0 +2 +1/);
  });

  test("what was cut and what nobody could count is said on both", () => {
    const cut: ReportReply = { ...REPORT, gates: { counted: 4, cut: true, without_summary: 3 }, rules_cut: 2 };
    for (const face of [reportText(cut), reportMarkdown(cut)]) {
      expect(face).toContain("only the newest were counted");
      expect(face).toContain("3 attempts on record are in no report");
      expect(face).toContain("2 more rules");
    }
  });

  test("attack: a repository's name that draws on the terminal, or adds a row to the table", () => {
    const hostile: ReportReply = { ...REPORT, repository: "local:7:x\u001b[2J\u202e|a|<b>", people: { releases: [{ person: "a|b", approvals: 1, overrides: 0 }], users: [] } };
    expect(reportText(hostile)).not.toMatch(/[\u001b\u202e]/);
    const page = reportMarkdown(hostile);
    // Inside a code span nothing is markup.
    expect(page).toContain("`local:7:x\\x1b[2J\\u{202e}\\x7ca\\x7c<b>`");
    expect(page.split("\n").find((line) => line.includes("approvals, "))?.match(/(?<!\\)\|/g)?.length).toBe(3);
    // The formula has a bar of its own.
    expect(page.split("\n").find((line) => line.includes("Reviewer overrides"))?.match(/(?<!\\)\|/g)?.length).toBe(7);
  });
});
