import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { diffLines, folded, type DiffLine } from "./diff.ts";

const side = (lines: readonly DiffLine[], kind: "in" | "out"): string => lines.filter((line) => line.kind === "same" || line.kind === kind).map(({ text }) => text).join("");

/** Few different lines, so that there is much in common; ends of lines may be missing, doubled, or a carriage return. */
const text = fc.array(fc.constantFrom("a\n", "b\n", "c\n", "\n", "d\r\n", "e", " \u202e\n"), { maxLength: 40 }).map((parts) => parts.join(""));

/** The length of the longest common subsequence by its definition. */
function common(a: readonly string[], b: readonly string[]): number {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = 1; i <= a.length; i++) for (let j = 1; j <= b.length; j++) table[i]![j] = a[i - 1] === b[j - 1] ? table[i - 1]![j - 1]! + 1 : Math.max(table[i - 1]![j]!, table[i]![j - 1]!);
  return table[a.length]![b.length]!;
}
const lines = (whole: string): string[] => whole.match(/[^\n]*\n|[^\n]+$/g) ?? [];

describe("lines that differ", () => {
  test("without what goes it is the new text, without what comes the old one; no shorter way leads from one to the other", () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = diffLines(before, after);
        expect([side(diff, "out"), side(diff, "in")]).toEqual([before, after]);
        expect(diff.filter(({ kind }) => kind === "same").length).toBe(common(lines(before), lines(after)));
      }),
      { numRuns: 400 },
    );
  });

  test("texts that have nothing in common past the limit are replaced as one, and still become each other", () => {
    const [before, after] = [0, 1].map((n) => Array.from({ length: 1_500 }, (_, i) => `${n}-${i}\n`).join(""));
    const diff = diffLines(`same\n${before}`, `same\n${after}`);
    expect([side(diff, "out"), side(diff, "in"), diff[0]?.kind]).toEqual([`same\n${before}`, `same\n${after}`, "same"]);
  });

  test("folding leaves out no change, counts every line once, and says where each run begins", () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = diffLines(before, after);
        const runs = folded(diff);
        expect(runs.reduce((sum, run) => sum + ("alike" in run ? run.alike : run.lines.length), 0)).toBe(diff.length);
        const shown = runs.flatMap((run) => ("alike" in run ? [] : run.lines));
        expect(shown.filter(({ kind }) => kind !== "same")).toEqual(diff.filter(({ kind }) => kind !== "same"));
        for (const run of runs) if ("lines" in run && run.lines[0]?.kind !== "in") expect(lines(before)[run.from_old - 1]).toBe(run.lines[0]!.text);
      }),
      { numRuns: 200 },
    );
  });
});
