import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { merged } from "./merge.ts";

const text = fc.array(fc.constantFrom("a\n", "b\n", "c\n", "\n", "d"), { maxLength: 12 }).map((parts) => parts.join(""));
/** Lines that are all different, each kept, changed, taken out, or with one put in front: by nobody, by me, by them, or by both alike. */
const edit = fc.constantFrom("keep", "change", "remove", "before");
const edits = fc.array(fc.record({ by: fc.constantFrom("nobody", "me", "them", "both"), edit }), { minLength: 1, maxLength: 20 });

describe("two people's changes", () => {
  test("where one changed nothing the other's text stands; both having done the same is that; whose is whose does not matter", () => {
    fc.assert(
      fc.property(text, text, text, (began, mine, theirs) => {
        expect([merged(began, mine, began), merged(began, began, theirs), merged(began, mine, mine)]).toEqual([mine, theirs, mine]);
        expect(merged(began, mine, theirs)).toBe(merged(began, theirs, mine));
      }),
      { numRuns: 300 },
    );
  });

  test("changes with a line between them that nobody touched are all in what comes out, and each only once", () => {
    fc.assert(
      fc.property(edits, (all) => {
        const written = (who: readonly string[]): string =>
          all.map(({ by, edit: done }, i) => {
            const line = `line ${i}\n`;
            const made = { keep: line, change: `changed ${i}\n`, remove: "", before: `put in ${i}\n${line}` }[done];
            return `${who.includes(by) ? made : line}between ${i}\n`;
          }).join("");
        expect(merged(written([]), written(["me", "both"]), written(["them", "both"]))).toBe(written(["me", "them", "both"]));
      }),
      { numRuns: 300 },
    );
  });

  test("attack: two changes of one line, a line changed that the other took out, and two put in at one place are nobody's to choose", () => {
    expect([merged("a\nb\nc\n", "a\nX\nc\n", "a\nY\nc\n"), merged("a\nb\nc\n", "a\nX\nc\n", "a\nc\n"), merged("a\nb\n", "a\nX\nb\n", "a\nY\nb\n"), merged("a\nb\n", "X\nb\n", "a\nY\n")]).toEqual([null, null, null, null]);
  });
});
