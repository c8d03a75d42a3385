import { expect, test } from "bun:test";
import fc from "fast-check";
import { typed } from "../../verifier/words/typed.ts";

test("the step that asks a person can be typed as it stands", () => {
  expect(typed(["maestro", "approve", "92f47984b01c", "--reason", "what you looked at"])).toBe("maestro approve 92f47984b01c --reason 'what you looked at'");
});

test("a shell reads back the very words", () => {
  const word = fc.string({ unit: "grapheme-ascii", maxLength: 12 }).filter((text) => !text.includes("\0"));
  fc.assert(fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
    const ran = Bun.spawnSync(["sh", "-c", `printf '%s\\0' ${typed(words)}`]);
    expect(ran.stdout.toString().split("\0").slice(0, -1)).toEqual(words);
  }), { numRuns: 20 });
});
