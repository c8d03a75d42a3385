/** What tools of every kind print as they fail: which test, which place, what went wrong, and what usually mends it. */
import { expect, test } from "bun:test";
import { adviceFor } from "./advice.ts";
import { failedIn, firstError, framed, helpIn, placeSaid } from "./first-error.ts";

test.each([
  ["Maven", "[ERROR] org.ex.TaxTest.hundred -- Time elapsed: 0.008 s <<< FAILURE!\n[ERROR]   TaxTest.hundred:12 expected: <19>", ["org.ex.TaxTest.hundred", "TaxTest.hundred"]],
  ["rspec", "rspec ./spec/cart_spec.rb:7 # Cart#total adds all prices", ["Cart#total adds all prices"]],
  ["PHPUnit", "1) Tests\\SumTest::testAdds\nFailed asserting that 5 matches expected 4.", ["Tests\\SumTest::testAdds"]],
  ["dotnet test", "  Failed Shop.PriceTests.Rounds [4 ms]", ["Shop.PriceTests.Rounds"]],
  ["CTest", "The following tests FAILED:\n\t  2 - parser (SEGFAULT)", ["parser"]],
  ["mocha", "  1) slug\n       lowers letters:\n\n      AssertionError: no", ["slug lowers letters"]],
  ["vitest", " FAIL  tests/db.test.ts > saves a row", ["saves a row"]],
  ["Playwright", "  ✘  1 [chromium] › e2e/login.spec.ts:5:5 › signs in (30.0s)", ["signs in"]],
  ["googletest", "[  FAILED  ] Sum.OfNothing (0 ms)", ["Sum.OfNothing"]],
  ["a frame of Go's", "example.org/x.TestSum(0x30619b576248)", ["TestSum"]],
  ["cargo, at its end", "failures:\n    tests::halves\n", ["tests::halves"]],
  ["Elixir", "  1) test adds two numbers (CalcTest)", ["adds two numbers (CalcTest)"]],
] as const)("failed tests that %s names", (_, printed, names) => expect(failedIn(printed)).toEqual([...names]));

test.each([
  ["a line that ends with a colon", "CMake Error at CMakeLists.txt:3 (find_package):\n  Could not find a package configuration file\n", "CMake Error at CMakeLists.txt:3 (find_package): Could not find a package configuration file"],
  ["Maven's heading", "[ERROR] COMPILATION ERROR : \n[ERROR] /tree/A.java:[4,24] cannot find symbol\n[ERROR] Failed to execute goal x: Compilation failure", "[ERROR] /tree/A.java:[4,24] cannot find symbol"],
  ["the name of the test", "--- FAIL: TestHalf (0.00s)\n    half_test.go:7: Half(6) = 2, want 3\nFAIL", "half_test.go:7: Half(6) = 2, want 3"],
  ["colours", "\x1b[31merror\x1b[0m: no such file", "error: no such file"],
] as const)("first error: not %s", (_, printed, first) => expect(firstError(printed)).toBe(first));

test.each([
  ["PHPUnit", "Failed asserting that 5 matches expected 4.\n\n/app/tests/SumTest.php:14\n", "app/tests/SumTest.php:14"],
  [".NET", "   at Shop.Rounds() in /src/tests/PriceTests.cs:line 17\n", "src/tests/PriceTests.cs:17"],
  ["BuildKit", "Dockerfile:2\n--------------------\n", "Dockerfile:2"],
  ["not a library's", "    at f (node_modules/x/a.js:1:2)\n    at g (src/b.js:3:4)\n", "src/b.js:3"],
  ["no address", "see http://example.org/a.html:80 for more\n", null],
] as const)("place: %s", (_, printed, place) => expect(placeSaid(printed)).toBe(place));

test("a line that is pointed at is found by its number and text", () => {
  expect(framed("      4|   expect(f('A')).toBe('a');\n       |                ^\n      5| });\n")).toEqual({ line: 4, text: "  expect(f('A')).toBe('a');" });
  expect(framed("a | b\n1 | 2\n")).toBeNull();
});

test.each([
  ["npm error Missing: left-pad@1.3.0 from lock file", /lock file do not agree/],
  ["The conflict is caused by:", /two dependencies/],
  ["KeyError: 'DEPLOY_KEY'", /set the variable where the checks run/],
  ["cc: fatal error: cannot write a.s: No space left on device", /disk is full/],
  ["make: *** No rule to make target 'x'.", /no such target/],
  ["sh: 1: bin/run.sh: Permission denied", /chmod \+x/],
  ["2/3 Test #2: parser ...***Exception: SegFault", /check for it before it is used/],
] as const)("what mends %s", (error, says) => expect(adviceFor(error) ?? "").toMatch(says));

test("what a package manager asks for is repeated", () => {
  expect(helpIn("Please update your lock file with `npm install` before continuing.")).toBe("Please update your lock file with `npm install` before continuing.");
  expect(helpIn("If you still need it, use \"pnpm install --no-frozen-lockfile\"")).toBe('use "pnpm install --no-frozen-lockfile"');
});
