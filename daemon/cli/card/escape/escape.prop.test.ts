import { expect, test } from "bun:test";
import fc from "fast-check";
import { activeCharacters, anyText, commandLines } from "../testing/hostile.ts";
import { render } from "../testing/rendered.ts";
import { escapeJson } from "./json.ts";
import { escapeMarkdown } from "./markdown.ts";
import { escapeTerminal, quoteTerminal } from "./terminal.ts";
import { times } from "../../../testing/scale.ts";

test("no text acts on a terminal or a build host", () => {
  fc.assert(
    fc.property(anyText, fc.boolean(), (text, ascii) => {
      for (const shown of [escapeTerminal(text, { ascii }), quoteTerminal(text, { ascii })]) {
        expect(activeCharacters(shown)).toEqual([]);
        expect(commandLines(shown)).toEqual([]);
        expect(shown).not.toContain("\n");
      }
    }),
    { numRuns: times(1000) },
  );
});

test("no character of the planes that hold text, format and tags acts on a terminal", () => {
  const acting: string[] = [];
  for (let row = 0; row < 0xe1000; row += 0x100) {
    if (row >= 0x20000 && row < 0xe0000) continue;
    const text = Array.from({ length: 0x100 }, (_, i) => `a${String.fromCodePoint(row + i)}`).join("");
    acting.push(...activeCharacters(escapeTerminal(text)));
  }
  expect(acting).toEqual([]);
});

test("no text is more than code in Markdown", async () => {
  await fc.assert(
    fc.asyncProperty(anyText, async (text) => {
      const shown = escapeMarkdown(text);
      expect(activeCharacters(shown)).toEqual([]);
      const { tags, outside } = await render(`x ${shown} y`);
      expect(tags).toEqual(["p", "code"]);
      expect(outside.trim()).toBe("x  y");
    }),
    { numRuns: times(600) },
  );
});

test("escaped JSON is the same document", () => {
  fc.assert(
    fc.property(fc.jsonValue(), anyText, (value, text) => {
      const json = JSON.stringify({ value, text });
      expect(JSON.parse(escapeJson(json))).toEqual(JSON.parse(json));
    }),
    { numRuns: times(600) },
  );
});
