/** What docs/cost.md says of a report of usage is what the schema takes: no more, and no less. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { RUNS_PER_CHANGE_MAX, UsageReport } from "./usage.ts";

const DOC = readFileSync(join(import.meta.dir, "../docs/cost.md"), "utf8");
const ROWS = new Map([...DOC.matchAll(/^\| `([a-z_]+)` \| (.*) \|$/gm)].map(([, field = "", says = ""]) => [field, says]));
const REPORT = { run_id: "run-2026-11-22-0007", calls_made: 100, calls_reported: 98, tokens: 1, micro_usd: 1 };

const takes = (field: string, value: unknown): boolean => Value.Check(UsageReport, { ...REPORT, [field]: value });
/** The two numbers in what is said of a field. */
function bounds(field: string): [number, number] {
  const [, from, to] = /(?:from )?([0-9]+) to ([0-9]+)/.exec(ROWS.get(field) ?? "") ?? [];
  return [Number(from), Number(to)];
}

test("every field is named, and none that is not there", () => {
  expect([...ROWS.keys()].sort()).toEqual(Object.keys(UsageReport.properties).sort());
});

test.each(["run_id", "gate"])("%s: as long as is said, and no longer", (field) => {
  const [from, to] = bounds(field);
  expect([from - 1, from, to, to + 1].map((length) => takes(field, "a".repeat(length)))).toEqual([false, true, true, false]);
});

test("run_id: of the characters that are said", () => {
  const printable = Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i));
  const taken = (name: (one: string) => string): string => printable.filter((one) => takes("run_id", name(one))).join("");
  const [, marks = ""] = /letters, digits, ((?:`.`(?:, | and )?)+)/.exec(ROWS.get("run_id") ?? "") ?? [];
  const alphanumeric = printable.filter((one) => /[A-Za-z0-9]/.test(one));
  expect(taken((one) => `${one}2345678`)).toBe(alphanumeric.join(""));
  expect(taken((one) => `1234567${one}`)).toBe([...alphanumeric, ...[...marks.matchAll(/`(.)`/g)].map(([, mark = ""]) => mark)].sort().join(""));
});

test.each(["calls_made", "calls_reported", "tokens", "micro_usd"])("%s: whole numbers as large as is said; null where that is said", (field) => {
  const [from, to] = bounds(field);
  expect([from - 1, from, from + 0.5, to, to + 1].map((value) => takes(field, value))).toEqual([false, true, false, true, false]);
  expect(takes(field, null)).toBe(ROWS.get(field)?.includes("`null`") ?? false);
});

test("how many runs of a change are joined", () => {
  expect(DOC).toContain(`the first ${RUNS_PER_CHANGE_MAX} are joined`);
});
