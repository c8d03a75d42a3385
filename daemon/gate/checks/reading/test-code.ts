/**
 * How test code looks, per language. Patterns run over `codeOnly` text unless
 * said otherwise, are anchored on a word or a line start, and repeat only
 * single character classes, so each is linear in the line.
 */
import type { Language } from "../../../checking/classify.ts";

export interface TestPatterns {
  /** Starts one test. */
  readonly test: RegExp;
  /** Is one assertion; also tried on the raw line, because `@ts-expect-error` is one. */
  readonly assertion: RegExp;
  /** Runs only this test, so the rest of the suite is silently left out. */
  readonly focused: RegExp | null;
  /** Keeps a test from running, or lets it fail. */
  readonly skipped: RegExp | null;
}

const NEVER = /(?!)/;

export const TEST_PATTERNS: { readonly [L in Language]?: TestPatterns } = {
  javascript: {
    test: /(?:^|[^\w$.])(?:(?:it|test|specify|fit|xit|xtest|ftest)(?:\.[A-Za-z]+)*|(?:t|tap|tape|Deno|suite|ava)\.test)\s*[(`]/,
    assertion: /(?:^|[^\w$])(?:expect\w*|assert\w*)\s*(?:[.(<]|$)|(?:^|[^\w$.])(?:t|tap)\.(?:assert\b|(?:ok|equals?|is|not|same|match|like|throws|rejects|resolves|error|plan|pass|fail|true|false|truthy|falsy|deepEqual|strictEqual|deepStrictEqual|strictSame|regex|snapshot|type|hasStrict|not[A-Z]\w*|doesNot\w+|ifError)\s*\()|\.should\b|@ts-expect-error\b/,
    focused: /(?:^|[^\w$.])(?:(?:describe|it|test|context|suite|specify|bench|t|tap|tape|ava|serial)(?:\.(?:concurrent|sequential|serial|each|describe|test|failing|parallel))*\.only\b|Deno\.test\.only\b|f(?:describe|context|test)(?:\.each)?)\s*[(.`<]|^\s*fit(?:\.each\b|\s*\(\s*["'`])/,
    skipped: /(?:^|[^\w$.])(?:(?:describe|it|test|context|suite|specify|t|tap)(?:\.(?:concurrent|sequential|serial|each|describe|test))*\.(?:skip|fixme|fails|failing)\b|Deno\.test\.ignore\b|x(?:it|describe|context|test)(?:\.each)?)\s*[(.`<]/,
  },
  python: {
    test: /^\s*(?:async\s+)?def\s+test\w*\s*\(/,
    assertion: /^\s*assert\b|\.assert\w*\s*\(|\bpytest\.(?:raises|warns|approx)\b/,
    focused: null,
    skipped: /^\s*@(?:pytest\.mark|unittest)\.(?:skip|xfail|expectedFailure)\b|^\s*pytestmark\s*=\s*pytest\.mark\.(?:skip|xfail)\b|\bpytest\.(?:skip|xfail)\s*\(|\bself\.skipTest\s*\(|\braise\s+(?:unittest\.)?SkipTest\b/,
  },
  go: {
    test: /^\s*func\s+(?:\([^)]*\)\s*)?(?:Test|Benchmark|Fuzz|Example)\w*\s*\(|\bt\.Run\s*\(/,
    assertion: /\b[tb]\.(?:Error|Errorf|Fatal|Fatalf|Fail|FailNow)\s*\(|\b(?:assert|require|is|qt|td|c|s|suite)\.(?:[A-Z]\w*)\s*\(|\bExpect\s*\(|\bEventually\s*\(/,
    focused: /(?:^|[^\w.])F(?:It|Describe|Context|When|Specify|Entry|DescribeTable)\s*\(/,
    skipped: /\b[tb]\.Skip(?:f|Now)?\s*\(|(?:^|[^\w.])[PX](?:It|Describe|Context|When|Specify|Entry|DescribeTable)\s*\(/,
  },
  rust: {
    test: /#\[\s*(?:\w+::)*(?:test|rstest|test_case|quickcheck)\b/,
    assertion: /\b(?:debug_)?assert\w*!|\bprop_assert\w*!|#\[\s*should_panic\b/,
    focused: null,
    skipped: /#\[\s*(?:ignore\b|cfg_attr\s*\([^)]{0,400}\bignore\b)/,
  },
  ruby: {
    test: /^\s*(?:it|specify|test|example|scenario)\b[\s({'"]|^\s*def\s+test_/,
    assertion: /\b(?:expect|assert\w*|refute\w*|should\w*)\b/,
    focused: /^\s*(?:fit|fdescribe|fcontext|fspecify|fexample)\b[\s({'"]|[,(]\s*(?::focus\b|focus:\s*true\b)/,
    skipped: /^\s*(?:xit|xdescribe|xcontext|xspecify|skip|pending)\b/,
  },
  java: {
    test: /(?:^|\s)@(?:Test|ParameterizedTest|RepeatedTest|Property|TestFactory)\b/,
    assertion: /\b(?:assert\w*|verify|expect\w*|should\w*)\s*[.({]/,
    focused: null,
    skipped: /(?:^|\s)@(?:Ignore|Disabled)\b/,
  },
  csharp: {
    test: /\[\s*(?:Fact|Theory|Test|TestCase|TestMethod|DataTestMethod)\b/,
    assertion: /\b(?:Assert\.\w+|Should\w*|Verify)\s*[.(<]/,
    focused: null,
    skipped: /\[\s*(?:Ignore|Explicit)\b|\[\s*(?:Fact|Theory)\s*\(\s*Skip\b/,
  },
  php: {
    test: /\bfunction\s+test\w*\s*\(|^\s*(?:it|test)\s*\(|#\[\s*Test\b/,
    assertion: /(?:->|::)assert\w*\s*\(|\bexpect\s*\(|->expect\w*\s*\(/,
    focused: /->only\s*\(\s*\)/,
    skipped: /->(?:markTestSkipped|markTestIncomplete|skip)\s*\(/,
  },
  swift: {
    test: /\bfunc\s+test\w*\s*\(|(?:^|\s)@Test\b/,
    assertion: /\bXCT(?:Assert\w*|Fail|Unwrap)\s*\(|#expect\b|#require\b|\bexpect\s*\(/,
    focused: /^\s*f(?:it|describe|context)\s*\(/,
    skipped: /\bXCTSkip\w*\b|^\s*x(?:it|describe|context)\s*\(/,
  },
  elixir: { test: /^\s*test\s+["']/, assertion: /\b(?:assert|refute)\w*\b/, focused: null, skipped: /^\s*@(?:module)?tag\s+:?skip\b/ },
  dart: { test: /(?:^|[^\w.])test(?:Widgets)?\s*\(/, assertion: /\bexpect\w*\s*\(/, focused: null, skipped: /\bskip\s*:\s*(?:true\b|["'])/ },
  c: { test: /^\s*(?:TEST|TEST_F|TEST_P|TEST_CASE|BOOST_AUTO_TEST_CASE)\s*\(|^\s*test\s+["'{]/, assertion: /\b(?:EXPECT|ASSERT|REQUIRE|CHECK|BOOST)_?\w*\s*\(|\bassert\w*\s*\(|\btry\s+testing\.expect/, focused: NEVER, skipped: /\bGTEST_SKIP\s*\(|^\s*TEST(?:_F|_P)?\s*\(\s*\w+\s*,\s*DISABLED_/ },
};

/** Tests Rust keeps inside its source files: told by the attribute, not by the path. */
export const INLINE_TESTS: ReadonlySet<Language> = new Set(["rust"]);
