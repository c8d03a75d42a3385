import { describe, expect, test } from "bun:test";
import { handedOn } from "./make.ts";

const REPORT = { name: "coverage", bytes: "NzEuNDIxOQ==" };
const OTHER = { name: "tests", bytes: "" };
const configuration = (obligations: Record<string, unknown>): unknown => ({ body: { obligations, commands: {} } });
const from = { report: "coverage" };

describe("attack: a pack that is handed on tells a hidden number by the report it was read from", () => {
  test("such a report stays behind, and the pack says so; another goes along", () => {
    expect(handedOn([REPORT, OTHER], configuration({ "coverage.line": { from, format: "json", hide: true } }))).toEqual({ reports: [OTHER], left_out: [{ what: "report coverage", because: expect.stringContaining("hides") }] });
  });

  test("also where another number of the same report is open", () => {
    expect(handedOn([REPORT], configuration({ open: { from }, hidden: { from, hide: true } })).reports).toEqual([]);
  });

  test.each([[null], [{}], [{ body: { obligations: { odd: { from, hide: "yes" } } } }]])("and every report where the configuration says nothing that can be read: %j", (unreadable) => {
    expect(handedOn([REPORT, OTHER], unreadable).reports).toEqual([]);
  });

  test("without a hidden number all go along", () => {
    expect(handedOn([REPORT, OTHER], configuration({ open: { from }, command: { from: { command: "test", file: "a" }, hide: true } }))).toEqual({ reports: [REPORT, OTHER], left_out: [] });
  });
});
