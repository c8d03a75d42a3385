import { describe, expect, test } from "bun:test";
import { activeCharacters, commandLines, HOSTILE } from "../testing/hostile.ts";
import { render } from "../testing/rendered.ts";
import { escapeJson } from "./json.ts";
import { escapeMarkdown } from "./markdown.ts";
import { escapeTerminal, quoteTerminal } from "./terminal.ts";

describe("terminal", () => {
  test.each(HOSTILE)("%s", (_attack, text) => {
    for (const shown of [escapeTerminal(text), quoteTerminal(text), escapeTerminal(text, { ascii: true })]) {
      expect(activeCharacters(shown)).toEqual([]);
      expect(shown).not.toContain("\n");
      expect(commandLines(shown)).toEqual([]);
    }
    expect(escapeTerminal(text, { ascii: true })).toMatch(/^[\x20-\x7e]*$/);
  });

  test.each([
    ["\u001b[31m", "\\x1b[31m"],
    ["a\nb\tc", "a\\nb\\tc"],
    ["\u202eabc", "\\u{202e}abc"],
    ["\u{e0041}", "\\u{e0041}"],
    ["\u0338ADMIT", "\\u{338}ADMIT"],
    ["e\u0301", "e\u0301"],
    ["::error::x", "\\::error::x"],
    ["##[group]", "#\\#[group]"],
    ["std::vector and ## heading", "std::vector and ## heading"],
    ["Grüße, 日本語, ꦏ", "Grüße, 日本語, ꦏ"],
  ])("%j is shown as %j", (text, shown) => {
    expect(escapeTerminal(text)).toBe(shown);
  });

  test("a quotation cannot be ended from inside", () => {
    expect(quoteTerminal('" and \\"')).toBe('"\\" and \\\\\\""');
    for (const [, text] of HOSTILE) expect(quoteTerminal(text).slice(1, -1).replace(/\\./g, "")).not.toContain('"');
  });
});

describe("Markdown", () => {
  test.each(HOSTILE)("%s", async (_attack, text) => {
    const shown = escapeMarkdown(text);
    expect(activeCharacters(shown)).toEqual([]);
    expect(commandLines(shown)).toEqual([]);
    const { tags, outside } = await render(`- before ${shown} after`);
    expect(tags).toEqual(["ul", "li", "code"]);
    expect(outside.replace(/\s+/g, " ").trim()).toBe("before after");
  });

  test("the text is still readable", () => {
    expect(escapeMarkdown("fix `a` and <b>")).toBe("``fix `a` and <b>``");
    expect(escapeMarkdown("`a`")).toBe("`` `a` ``");
  });

  test("the check of this test sees what is active", async () => {
    const { tags, outside } = await render("a <b>x</b> www.evil.invalid @octocat <!-- c --> ![i](x)");
    expect(tags).toEqual(["p", "b", "a href", "comment", "img src alt"]);
    expect(outside).toContain("@octocat");
  });
});

describe("JSON", () => {
  test.each(HOSTILE)("%s", (_attack, text) => {
    const document = { title: text, list: [text] };
    const shown = escapeJson(JSON.stringify(document, null, 2));
    expect(activeCharacters(shown)).toEqual([]);
    expect(JSON.parse(shown)).toEqual(JSON.parse(JSON.stringify(document)));
  });
});
