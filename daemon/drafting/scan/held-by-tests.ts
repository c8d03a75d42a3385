/** What tests hold less than before: skipped, without an assertion, with a weaker one, or bent to another value. */
import type { Seen } from "../material.ts";
import { withoutComment } from "./inside.ts";
import type { Risk } from "./risks.ts";
import type { Within } from "./within.ts";

const SKIPPED = /\bx(?:it|describe|test|specify|context|scenario)\b\s*[("'`]|\b(?:it|test|describe|context|specify|suite|bench)\.(?:skip|skipIf|todo|fixme|failing)\b|^\s*(?:skip|pending)\b|@(?:Disabled|Ignore|pytest\.mark\.(?:skip|xfail)|unittest\.(?:skip|expectedFailure)|skip\b|tag\s+:skip)|\b[tb]\.Skip(?:Now|f)?\(|#\[ignore|\[Ignore\b|\bSkip\s*=\s*"|XCTSkip|markTest(?:Skipped|Incomplete)|\bDISABLED_\w|GTEST_SKIP|enabled\s*=\s*false|,\s*:?skip(?::\s*true)?\b|pytest\.skip\(|this\.skip\(|Assume\.|\bif\s+(?:False|false|0)\b/;
const FOCUSED = /\b(?:it|test|describe)\.only\b|\bf(?:it|describe)\s*\(|,\s*:focus\b|\bfocus:\s*true/;
const ASSERTS = /\bassert\w*[!(.\s]|\bAssert\.|\bexpect\w*\s*[({]|\.should\b|\brequire\.\w+\(|\b[tb]\.(?:Error|Fatal|Fail)\w*\(|\b(?:EXPECT|ASSERT|CHECK|REQUIRE)(?:_\w+)?\(|\bverify\(|->assert|\brefute\b|is_expected|\bshould_(?:not_)?\w/;
const TITLE = /^\s*(?:[xf]?(?:it|test|describe|context|specify)|def|func|fun|fn)\b/;
const STRICT = /toEqual|toBe\(|toStrictEqual|assertEquals?\b|assert_eq|assertSame|\.Equal\(|EXPECT_EQ|ASSERT_EQ|toThrow\(.+\)|assertRaises|==|eq\(|toHaveBeenCalledWith|calledWith|isEqualTo|toHaveLength/;
const WEAK = /toBeDefined|toBeTruthy|toBeFalsy|not\.toThrow|assertTrue|assert_true|assertIsNotNone|assertNotNull|NotNil\(|NotEmpty\(|isNotNull|be_truthy|toHaveBeenCalled\(\)|expect\.anything|toMatchObject|assert!\(|EXPECT_TRUE|assertIn\(|not_to be_nil|is not None|toContain|stringContaining|toMatch\(|isOk|\.NoError\(/;
const LINE_READ_MAX = 500;
const CUE_CHARACTERS_MAX = 80;
const LINES_READ_MAX = 2_000;

export function heldIn(file: Seen, within: Within): Risk[] {
  const found: Risk[] = [];
  const say = (level: Risk["level"], because: string, line: number | null, text: string, side: "added" | "removed", at: number): void => {
    const name = within(side, at, text);
    found.push({ area: "tests", level, because, path: file.path, line, name: null, cue: text.trim().slice(0, CUE_CHARACTERS_MAX), ...(name === null ? {} : { within: name }) });
  };
  const bare = (lines: Seen["added"]): { line: number; text: string }[] => lines.slice(0, LINES_READ_MAX).map(({ line, text }) => ({ line, text: text.slice(0, LINE_READ_MAX) })).filter(({ text }) => withoutComment(text) !== "" || SKIPPED.test(text));
  const [gone, come] = [bare(file.removed), bare(file.added)];
  const skipped = come.find(({ text }) => SKIPPED.test(text));
  if (skipped !== undefined) say("high", "a test is skipped (disabled): what it holds is no longer checked", skipped.line, skipped.text, "added", skipped.line);
  const focused = come.find(({ text }) => FOCUSED.test(text));
  if (focused !== undefined) say("high", "one test is focused (only): all others of the file are skipped", focused.line, focused.text, "added", focused.line);
  if (file.change.status !== "modified") return found;
  const [was, is] = [gone.filter(({ text }) => ASSERTS.test(text) && !TITLE.test(text)), come.filter(({ text }) => ASSERTS.test(text) && !TITLE.test(text))];
  const strict = was.find(({ text }) => STRICT.test(text) && !WEAK.test(text));
  const weak = is.find(({ text }) => WEAK.test(text));
  if (strict !== undefined && weak !== undefined && !was.some(({ text }) => WEAK.test(text))) say("high", "an assertion is weakened: less is checked than before, so a wrong result may pass", weak.line, weak.text, "added", weak.line);
  else if (was.length > is.length) say("high", "an assertion is removed: what it checked is no longer checked (the test holds less)", null, was[0]!.text, "removed", was[0]!.line);
  else if (was.length > 0 && was.length === is.length) say("medium", "what a test expects is changed: the test may have been bent to the code", is[0]!.line, is[0]!.text, "added", is[0]!.line);
  return found;
}
