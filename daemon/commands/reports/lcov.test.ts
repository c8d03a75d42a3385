import { describe, expect, test } from "bun:test";
import { roundedAt } from "../../../proto/decimal.ts";
import { utf8 } from "../../../proto/encoding.ts";
import { openReport } from "./open.ts";
import { cpuMs } from "../../testing/cpu.ts";

function percent(text: string | Uint8Array, metric = "line"): string | null {
  const reading = openReport("lcov", typeof text === "string" ? utf8(text) : text)(metric);
  if ("broken" in reading) return reading.broken;
  return typeof reading.value === "boolean" ? null : roundedAt(reading.value, 2, "down");
}

const record = (...lines: string[]): string => ["TN:", "SF:a.ts", ...lines, "end_of_record", ""].join("\n");

describe("lcov", () => {
  test("as bun writes it", () => {
    const text = record("FNF:2", "FNH:1", "DA:1,2", "DA:2,2", "DA:3,2", "DA:5,0", "DA:7,0", "LF:5", "LH:3");
    expect([percent(text), percent(text, "function"), percent(text, "branch")]).toEqual(["6000", "5000", "it lists no branch"]);
  });

  test("as geninfo writes it: functions and branches one by one, a name with a comma, a branch never reached", () => {
    const text = record("FN:1,f(int, int)", "FNDA:3,f(int, int)", "FN:9,g", "FNDA:0,g", "BRDA:2,0,0,1", "BRDA:2,0,1,-", "BRDA:3,0,0,0", "DA:2,1,aGFzaA==");
    expect([percent(text), percent(text, "function"), percent(text, "branch")]).toEqual(["10000", "5000", "3333"]);
  });

  test("a file that several tests ran is one file, covered where any of them covers it", () => {
    expect(percent(record("DA:1,1", "DA:2,0", "LF:2", "LH:1") + record("DA:1,0", "DA:2,4", "LF:2", "LH:1"))).toBe("10000");
  });

  test("carriage returns and unknown keys are passed over", () => {
    expect(percent(record("VER:2", "DA:1,1", "FNL:0,1,2").replaceAll("\n", "\r\n"))).toBe("10000");
  });

  const attacks: readonly (readonly [string, string, string])[] = [
    ["uncovered lines counted and not listed", record("DA:1,1", "LF:100", "LH:100"), "100"],
    ["totals alone that say more hit than found", record("LF:10", "LH:20"), "a.ts has 20 of 10 lines covered"],
    ["a negative count", record("DA:1,-5"), "line 3 has no count where one belongs"],
    ["a count that is no number", record("DA:1,NaN"), "line 3 has no count where one belongs"],
    ["an exponent", record("DA:1,1e9"), "line 3 has no count where one belongs"],
    ["an entry outside a file", "DA:1,1\n", "line 1 belongs to no source file"],
    ["a file that is cut off", "SF:a.ts\nDA:1,1\n", "it ends inside a record"],
    ["nothing at all", "", "it holds no source file"],
    ["another format", "<coverage/>\n", "line 1 is not lcov"],
    ["coverage of nothing", record(), "it lists no line"],
    ["a record inside another", "SF:a\nSF:b\nend_of_record\n", "line 2 begins a record inside another"],
    ["a file called __proto__", "SF:__proto__\nDA:1,0\nend_of_record\n", "0"],
  ];
  for (const [name, text, says] of attacks) test(`attack: ${name}`, () => expect(percent(text)).toBe(says));

  test("attack: bytes that are no text", () => expect(percent(Uint8Array.of(0x53, 0xff))).toBe("it is not UTF-8"));

  test("a million entries are read in seconds", () => {
    const lines = Array.from({ length: 1_000_000 }, (_, i) => `DA:${i + 1},${i % 4 === 0 ? 0 : 1}`);
    const started = cpuMs();
    expect(percent(record(lines.join("\n")))).toBe("7500");
    expect(cpuMs() - started).toBeLessThan(30_000);
  }, 120_000);
});
