/** Paths that a change chose, as people see them: no two look the same, none acts, and the escapers of the faces leave what was written. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { toBase64, utf8 } from "../../proto/encoding.ts";
import { pathFromBytes, type PathBytes } from "../../proto/scalar.ts";
import { escapeTerminal } from "../cli/card/escape/terminal.ts";
import { activeCharacters, anyText, commandLines, HOSTILE } from "../cli/card/testing/hostile.ts";
import { times } from "../testing/scale.ts";
import { visible, visiblePath } from "./visible.ts";

const ESCAPE = /\\(?:([0-7]{3})|x([0-9a-f]{2})|u\{([0-9a-f]+)\}|([nrt])|(["\\#:]))/g;
const SHORT: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

type Group = string | undefined;

/** What one escape stands for; a byte that is no text by its number. */
function unescaped(octal: Group, hex: Group, point: Group, short: Group, plain: Group): string | number {
  if (octal !== undefined) return Number.parseInt(octal, 8);
  const code = hex ?? point;
  return code !== undefined ? String.fromCodePoint(Number.parseInt(code, 16)) : short !== undefined ? (SHORT[short] ?? "") : (plain ?? "");
}

/** Reads it back, as somebody does who knows nothing but the rule. */
function partsBack(shown: string): (string | number)[] {
  if (!shown.startsWith('"')) return [shown];
  expect(shown.endsWith('"')).toBe(true);
  const inner = shown.slice(1, -1);
  const found = [...inner.matchAll(ESCAPE)];
  return [...found.flatMap((one, i) => [inner.slice(i === 0 ? 0 : endOf(found[i - 1]!), one.index), unescaped(one[1], one[2], one[3], one[4], one[5])]), inner.slice(found.length === 0 ? 0 : endOf(found.at(-1)!))];
}

const endOf = (match: RegExpExecArray): number => match.index + match[0].length;
const readBack = (shown: string): string => partsBack(shown).join("");
const bytesBack = (shown: string): number[] => partsBack(shown).flatMap((part) => (typeof part === "number" ? [part] : [...utf8(part)]));

const bytesOf = (...parts: readonly (string | number)[]): PathBytes => pathFromBytes(Uint8Array.from(parts.flatMap((part) => (typeof part === "number" ? [part] : [...utf8(part)]))));

describe("a path for a person", () => {
  test.each<readonly [PathBytes | string, string]>([
    ["src/client.ts", "src/client.ts"],
    ["Grüße/日本語 x.ts", "Grüße/日本語 x.ts"],
    ["a\nb", '"a\\nb"'],
    ["a\\nb", '"a\\\\nb"'],
    ["a\\\nb", '"a\\\\\\nb"'],
    ["a\tb\rc", '"a\\tb\\rc"'],
    ["a\\tb\\rc", '"a\\\\tb\\\\rc"'],
    ['"a"', '"\\"a\\""'],
    ["\u202egpj.exe", '"\\u{202e}gpj.exe"'],
    ["\\u{202e}gpj.exe", '"\\\\u{202e}gpj.exe"'],
    ["::error::x", '"\\::error::x"'],
    [{ u: "a\nb" }, '"a\\nb"'],
    [bytesOf("a", 0xff, "\n"), '"a\\377\\n"'],
    [bytesOf("ü", 0xc3, "\\377"), '"ü\\303\\\\377"'],
    [bytesOf(0xed, 0xa0, 0x80), '"\\355\\240\\200"'],
  ])("%j is shown as %s", (path, shown) => {
    expect(visiblePath(path)).toBe(shown);
  });

  test.each(HOSTILE)("%s: nothing acts, and it is read back as it was", (_attack, text) => {
    const shown = visiblePath(text);
    expect([activeCharacters(shown), commandLines(shown), shown.includes("\n"), readBack(shown)]).toEqual([[], [], false, text]);
  });

  test("no two look the same, and a face's own escaper changes nothing of it", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const shown = visiblePath(text);
        expect(readBack(shown)).toBe(text);
        expect([visible(shown), escapeTerminal(shown)]).toEqual([shown, shown]);
        expect(activeCharacters(shown)).toEqual([]);
      }),
      { numRuns: times(1000) },
    );
  });

  test("bytes that are no text: each by its number, and what is text between them as it is", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 6 }), anyText.map((text) => utf8(text.slice(0, 20)))), { maxLength: 5 }), (parts) => {
        const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
        const shown = visiblePath({ b64: toBase64(bytes) });
        expect(bytesBack(shown)).toEqual([...bytes]);
        expect(activeCharacters(shown)).toEqual([]);
      }),
      { numRuns: times(500) },
    );
  });

  test("of a name longer than any there is the beginning stands", () => {
    expect(visiblePath({ b64: toBase64(new Uint8Array(10_000).fill(0xff)) })).toHaveLength(4096 * 4 + 5);
  });
});
