/** The line of a program's output that says what went wrong first; later ones mostly follow from it. */

const LINES_READ_MAX = 400;
const LINE_CHARACTERS_MAX = 1_000;
const COLOURS = /\x1b\[[0-9;]{0,20}[A-Za-z]/g;

/** Best first: a line of a kind higher up wins over an earlier line of a lower kind. */
const KINDS: readonly RegExp[] = [
  /\b(?:runtime error:|AddressSanitizer:|LeakSanitizer|ThreadSanitizer:|panic:|thread '.*' panicked|Segmentation fault|SEGFAULT|SegFault|core dumped|CMake Error|heap out of memory|No space left on device|fatal error:|FATAL)\b/,
  /\berror(?:\[E\d+\]|\s+TS\d+)?\s*:|^\s*E\s{2,}\S|\b[A-Z]\w*(?:Error|Exception)\b\s*:|\b(?:SyntaxError|TypeError|ReferenceError|AssertionError|ImportError|ModuleNotFoundError|KeyError|ValueError|NameError|AttributeError|IndexError|ZeroDivisionError)\b|\bundefined reference to\b|\bmultiple definition of\b|\bruntime error:/i,
  /^\s+\w+_test\.go:\d+: |\b(?:expect(?:ed)?|assert(?:ion)?)\b.*\b(?:received|actual|got|to (?:be|equal)|but|failed|==|!=)\b|\bassert\s+.+|\bwant\b.*\bgot\b|\bgot\b.*\bwant\b|^\s*(?:left|right|Expected|Received|Actual)\s*:/i,
  /\b(?:cannot|can't|could not|unable to|undefined|unresolved|no such file|not found|permission denied|failed to|failure|mismatch|timed? ?out|refused|missing)\b/i,
  /\b(?:error|failed|FAIL|✗|✖|not ok)\b/i,
];
const NOISE = /^\s*(?:at\s+\S+|\[(?:INFO|WARNING)\].*|\[ERROR\] (?:COMPILATION ERROR|Failed to execute goal|BUILD FAILURE|Failures:|Errors:|Tests run:|Re-run Maven|To see the full|For more information|\[Help).*|\[ERROR\]|\* (?:What went wrong|Try|Get more help).*|> (?:Run with|Get more help|Task).*|FAILURE: Build failed.*|Failed examples:|Failures:|FAILURES!|ERRORS!|(?:Error|error): Process completed.*|Failed!  - .*|error: test failed, to rerun.*|--- FAIL: .*|test result: .*|(?:failures|failed):|File ".*", line \d+|\.\.\.|[-=~^]+|npm (?:ERR|error)! (?:code|errno|A complete log|path|command)|\d+ (?:problems?|errors?|warnings?|passing|failing|pass|fail)\b.*|(?:Tests?|Test Suites?|Ran)\b.*\d.*|Traceback.*|error: (?:script|command) ".*" exited.*|make(?:\[\d+\])?: \*\*\*.*|.*\b0 errors?\b.*|error: aborting due to .*|collect2: error: .*|(?:clang|cc1\w*): (?:error: linker command failed|all warnings being treated).*|FAIL(?:\s+\S+)?(?:\s+[\d.]+s)?|FAILED \(.*\)|Found \d+ errors?\b.*|\d+ (?:errors?|warnings?)(?: and .*)? generated\.|compilation terminated.*|✖ \d+ problems?.*|(?:generatedMessage|code|operator): .*|BUILD FAILED.*|.*\bexit (?:status|code) \d+)\s*$/i;

/** Null where no line looks like one. */
export function firstError(text: string): string | null {
  const lines = text.replace(COLOURS, "").split("\n", LINES_READ_MAX).map((line) => line.slice(0, LINE_CHARACTERS_MAX)).filter((line) => line.trim() !== "" && !NOISE.test(line));
  for (const kind of KINDS) {
    const at = lines.findIndex((line) => kind.test(line));
    if (at < 0) continue;
    const line = lines[at]!.trim().replace(/^E\s{2,}/, "");
    return withOther(line, lines.slice(at + 1, at + 6));
  }
  return null;
}

/** A line that ends with a colon speaks of what stands below it. */
const withBelow = (line: string, next: readonly string[]): string => {
  const below = /:\s*$/.test(line) ? next.map((one) => one.trim()).filter((one) => one !== "" && !/^[\^~|-]+$/.test(one)).slice(0, 3) : next.map((one) => one.trim()).filter((one) => /\bdepends on\b|\brequires?\b.*\bbut\b|\bMissing: /.test(one)).slice(0, 2);
  return below.length === 0 ? line : `${line} ${below.join("; ")}`;
};

/** `Expected: 3` says nothing without what came instead. */
function withOther(line: string, next: readonly string[]): string {
  const both = /\b(?:want|expected)\b.*\b(?:got|actual|received)\b|\b(?:got|actual|received)\b.*\b(?:want|expected)\b/i;
  // What came alone says nothing without what was expected.
  if (/\b(?:received|actual|got)\b\s*:/i.test(line) && !next.some((one) => /^\s*(?:expected|want)\b\s*:/i.test(one)) || both.test(line)) return line;
  const pair = next.map((one) => one.trim()).filter((one) => /^(?:Expected|Received|Actual|left|right|expected|received|actual|got|want)\b.{0,20}?:/i.test(one) || /^[-+](?![-+]) ?\S/.test(one)).slice(0, 2);
  return pair.length === 0 ? withBelow(line, next) : `${line}; ${pair.join("; ")}`;
}

/** A message without the stack that some tools put behind it. */
export const saidOf = (message: string): string => firstError(message) ?? message.split("\n")[0] ?? "";

const PLACE = /(?<path>(?:[A-Za-z0-9_@+.-]+\/)*(?:[A-Za-z0-9_@+.-]+\.[A-Za-z]{1,8}|Dockerfile|[Mm]akefile|BUILD))(?::\[?|\(|:line |, line | line |" line )(?<line>\d{1,7})/;
const LIBRARY = /node_modules|site-packages|\/lib\/python|^(?:usr|rustc|proc)\/|\/(?:rustc|go\/src|libsanitizer|sysdeps|csu)\/|^node:|internal\/|\.(?:so|dll)$|^(?:Method|AssertionFailureBuilder|Assert\w*)\.java$|java\.base|libc_start|^\.\.\/\.\.|https?:/;

/** The first place in an output that is nobody else's code, of a traceback the last. */
export function placeSaid(text: string): string | null {
  const found = text.replace(COLOURS, "").split("\n", LINES_READ_MAX).flatMap((raw) => {
    const line = raw.slice(0, LINE_CHARACTERS_MAX);
    const groups = PLACE.exec(line)?.groups;
    return groups === undefined || LIBRARY.test(line) && LIBRARY.test(groups["path"]!) || /:\/\/|\bat java\./.test(line) ? [] : [`${groups["path"]}:${groups["line"]}`];
  });
  return (/Traceback|: in <module>/.test(text) ? found.at(-1) : found[0]) ?? null;
}

/** `file:line` where the error names one. */
export function whereSaid(line: string): string | null {
  const groups = PLACE.exec(line)?.groups;
  return groups === undefined ? null : `${groups["path"]}:${groups["line"]}`;
}

/** A line of a file that a tool shows with its number, and points at. */
export function framed(text: string): { readonly line: number; readonly text: string } | null {
  const lines = text.replace(COLOURS, "").split("\n", LINES_READ_MAX).map((line) => line.slice(0, LINE_CHARACTERS_MAX));
  for (const [at, line] of lines.entries()) {
    const shown = /^\s*(>?)\s*(\d{1,7})\s?[|│] ?(.*)$/.exec(line);
    if (shown !== null && shown[3]!.trim() !== "" && (shown[1] === ">" || /^\s*[|│]\s*[\^~]/.test(lines[at + 1] ?? ""))) return { line: Number(shown[2]), text: shown[3]! };
  }
  return null;
}

const FAILED: readonly RegExp[] = [
  // pytest, go test, bun test, node --test and mocha, jest, cargo test, unittest, TAP
  /^FAILED \S+?::(?<name>\S+)/, /^\s*--- FAIL: (?<name>\S+)/, /^\(fail\) (?<name>.+?)(?: \[[\d.]+m?s\])?$/, /^\s*✖ (?!failing tests)(?<name>.+?) \([\d.]+ms\)$/, /^\s*● (?<name>.+)$/, /^test (?<name>\S+) \.\.\. FAILED$/, /^(?:FAIL|ERROR): (?<name>test\w*)/, /^not ok \d+ (?:- )?(?<name>.+)$/,
  // surefire, rspec, phpunit, dotnet test, ctest, gradle, playwright, vitest, googletest, ava, a frame of a Go test, exunit
  /^\[ERROR\]\s+(?<name>[\w.$]+\.\w+)(?::\d+| -- Time).*$/, /^rspec \.?\/?\S+:\d+ # (?<name>.+)$/, /^\d+\) (?<name>[\w\\]+::\w+)/, /^\s*Failed (?<name>[\w.]+(?:\(.*\))?) \[[\d<].*\]$/, /\s(?<name>[\w.]+) \[FAIL\]$/, /^\s*\d+ - (?<name>\S+) \((?:Failed|SEGFAULT|Timeout|Exit code|Subprocess).*\)$/i, /^(?<name>\w[\w.$]* > .+) FAILED$/, /^\s*(?:✘\s+)?\d+\)?\s+\[[\w -]+\] › (?:\S+ › )?(?<name>.+?)(?: \([\d.]+m?s\)| [─=]+)?\s*$/, /^\s*(?:FAIL|×)\s+\S+ > (?<name>.+?)(?: \d+ms)?$/, /^\[\s+FAILED\s+\] (?<name>\w+[./]\w+)/, /^\s*✘ \[fail\]: (?<name>.+?)(?: Rejected.*)?$/, /^[\w./-]+\.(?<name>Test[A-Z]\w*)\(0x/, /^\s*\d+\) test (?<name>.+ \(\w[\w.]*\))$/, /^\s{4}(?<name>\w+(?:::\w+)+)$/,
];
/** A numbered heading of mocha's, under it what the test is called. */
const NUMBERED = /^\s+\d+\) (?<of>\S.*?):?\s*$/;
const TITLE = /^\s{4,}(?<name>[A-Za-z].*):\s*$/;
const FAILED_MAX = 20;

/** Tests that a program's output names as failed, each once. */
export function failedIn(text: string): string[] {
  const lines = text.replace(COLOURS, "").split("\n", LINES_READ_MAX).map((line) => line.slice(0, LINE_CHARACTERS_MAX));
  const named = lines.flatMap((line, at) => {
    const direct = FAILED.map((form) => form.exec(line)?.groups?.["name"]?.trim()).find((name) => name !== undefined);
    if (direct !== undefined) return [direct];
    const [of, title] = [NUMBERED.exec(line)?.groups?.["of"], TITLE.exec(lines[at + 1] ?? "")?.groups?.["name"]];
    return of === undefined ? [] : title === undefined ? (/[.:]$/.test(of) || !/Failure\/Error/.test(lines[at + 1] ?? "") ? [] : [of]) : [`${of} ${title}`];
  });
  return [...new Set(named)].slice(0, FAILED_MAX);
}

const HELP = /^\s*(?:= )?(?:help|hint|suggestion|HINT|Hint|Solution|To fix this): (?<said>\S.{3,300})$|^.{0,200}?(?<please>(?:[Pp]lease .{0,60}|[Rr]un|use) ["'`](?:npm|pnpm|yarn|go|cargo|pip|poetry|bundle|composer|dotnet) .{2,120})$|^\s*(?<mean>[Dd]id you mean .{3,200})$/;
/** What the tool itself says would help; its own words. */
export const helpIn = (text: string): string | null => { const found = text.split("\n", LINES_READ_MAX).map((line) => HELP.exec(line.slice(0, LINE_CHARACTERS_MAX))?.groups).find((groups) => groups?.["said"] !== undefined || groups?.["please"] !== undefined || groups?.["mean"] !== undefined); return found?.["said"] ?? found?.["please"] ?? found?.["mean"] ?? null; };
/** The number under which rustc explains an error, which stands at the end of what it prints. */
export const codeIn = (text: string): string | null => /--explain (E\d{4})/.exec(text)?.[1] ?? null;
