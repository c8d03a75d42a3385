/** Laws of comparing with the base, over the real check and real diffs. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { outcomeOf } from "../../../testing/checks.ts";
import text from "../text.ts";

const words = fc.array(fc.constantFrom("debugger;", "a();", "b();", "if (x) debugger;", "c(1);", "return;"), { minLength: 1, maxLength: 12 });
const indent = fc.constantFrom("", "  ", "\t", "    ");
const found = (lines: readonly string[]) => lines.filter((line) => line.includes("debugger"));
const joined = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");

test("however a file's lines are ordered, indented and renamed: as many findings are existing as both sides share, and the rest are new or fixed", async () => {
  await fc.assert(
    fc.asyncProperty(words, words, indent, fc.boolean(), async (old, now, by, renamed) => {
      const common = found(old).toSorted();
      const shared = found(now).filter((line) => {
        const at = common.indexOf(line);
        if (at >= 0) common.splice(at, 1);
        return at >= 0;
      }).length;
      const before = joined(["start();", ...old]);
      const after = joined(["begin();", ...now.map((line) => by + line)]);
      const { findings, comparison } = await outcomeOf(text, [renamed ? { path: "b.ts", old_path: "a.ts", old: before, new: after } : { path: "a.ts", old: before, new: after }]);
      // Lines the diff leaves alone are found on neither side.
      const untouched = shared - findings.filter(({ baseline }) => baseline === "existing").length;
      expect(untouched).toBeGreaterThanOrEqual(0);
      expect(findings.filter(({ baseline }) => baseline === "new").length).toBe(found(now).length - shared);
      expect((comparison?.fixed ?? []).reduce((sum, { count }) => sum + count, 0)).toBe(found(old).length - shared);
    }),
    { numRuns: 60, examples: [[["debugger;", "a();"], ["a();", "debugger;"], "  ", true]] },
  );
});

test("whatever is put into a finding's line makes it new", async () => {
  const other = fc.stringMatching(/^[a-z]{1,8}$/);
  await fc.assert(
    fc.asyncProperty(other, indent, async (name, by) => {
      const { findings } = await outcomeOf(text, [{ path: "a.ts", old: "start();\ndebugger;\n", new: `start();\n${by}${name}(); debugger;\n` }]);
      expect(findings.map(({ baseline }) => baseline)).toEqual(["new"]);
    }),
    { numRuns: 25 },
  );
});
