import { describe, expect, test } from "bun:test";
import type { MeasuredObligation } from "../../proto/outcome.ts";
import type { ObligationRules } from "../../proto/report.ts";
import { conceal, hidingCommands } from "./conceal.ts";
import { obligationsOutcome } from "./reports/obligations.ts";

const RULES: ObligationRules = {
  coverage: { from: { command: "test", file: "m.json" }, format: "json", pointer: "/c", unit: "percent", scale: 2, min: "80.00", hide: true },
  latency: { from: { command: "load", file: "m.json" }, format: "json", pointer: "/l", max: "200", hide: true, hide_bits: 8 },
  plain: { from: { report: "r" }, format: "json", pointer: "/p", max: "9" },
  handed: { from: { report: "r" }, format: "json", pointer: "/h", max: "9", hide: true },
};
const measured = (name: string, change: Partial<MeasuredObligation>): MeasuredObligation => ({ name, kind: "numeric", required: true, result: "pass", observer: "sandbox", value: "8125", unit: null, scale: 0, min: "8000", max: null, because: null, source_sha256: "7".repeat(64), ...change });
const concealed = (one: MeasuredObligation): MeasuredObligation => conceal([one], { obligations: RULES })[0] ?? one;

describe("conceal", () => {
  test("takes the number of one that is hidden out of sight, passed or failed, and leaves every other alone", () => {
    for (const result of ["pass", "fail"] as const) {
      const one = concealed(measured("coverage", { result, value: result === "pass" ? "8125" : "7000" }));
      expect([one.value, one.hidden, one.result, one.secret?.reveal(), one.secret?.bits]).toEqual([null, true, result, result === "pass" ? 8125n : 7000n, 32]);
    }
    const plain = measured("plain", { value: "3" });
    expect(concealed(plain)).toBe(plain);
  });

  test("a pass that cannot be shown is none: further from its bound than the bits reach, or outside after all", () => {
    const far = concealed(measured("latency", { value: "-56", min: null, max: "200" }));
    expect([far.result, far.secret, far.hidden]).toEqual(["unavailable", undefined, undefined]);
    expect(far.because).toContain("8 bits");
    expect(concealed(measured("latency", { value: "-55", min: null, max: "200" })).result).toBe("pass");
    expect(concealed(measured("coverage", { value: "7999" })).result).toBe("unavailable");
  });

  test("why a report could not be read is not said where its number is hidden, since that may quote it; that there was none is", () => {
    expect(concealed(measured("coverage", { value: null, result: "unavailable", because: "71.4219 is no number" })).because).not.toContain("71.4219");
    expect(concealed(measured("coverage", { value: null, result: "unavailable", because: "no such command", source_sha256: null })).because).toBe("no such command");
  });

  test("a failed one says in its finding that it is hidden, with the bound", () => {
    const { source_sha256: _, secret: _number, ...shown } = concealed(measured("coverage", { result: "fail", value: "7000", unit: "percent", scale: 2 }));
    expect(obligationsOutcome([shown], RULES).findings.map(({ message }) => message)).toEqual(["coverage: a hidden number of percent, at least 80.00 is required"]);
  });
});

test("commands that a hidden number is read from, whose output is shown and kept nowhere", () => {
  expect([...hidingCommands({ obligations: RULES })]).toEqual(["test", "load"]);
  expect([...hidingCommands({ obligations: {} })]).toEqual([]);
});
