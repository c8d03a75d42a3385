/** The line of a program's output that says what went wrong first; later ones mostly follow from it. */

const LINES_READ_MAX = 400;
const LINE_CHARACTERS_MAX = 1_000;

/** Best first: a line of a kind higher up wins over an earlier line of a lower kind. */
const KINDS: readonly RegExp[] = [
  /\b(?:runtime error:|AddressSanitizer:|LeakSanitizer|ThreadSanitizer:|panic:|thread '.*' panicked|Segmentation fault|core dumped|fatal error:|FATAL)\b/,
  /\berror(?:\[E\d+\]|\s+TS\d+)?\s*:|^\s*E\s{2,}\S|\b[A-Z]\w*(?:Error|Exception)\b\s*:|\b(?:SyntaxError|TypeError|ReferenceError|AssertionError|ImportError|ModuleNotFoundError|KeyError|ValueError|NameError|AttributeError|IndexError|ZeroDivisionError)\b/i,
  /\b(?:expect(?:ed)?|assert(?:ion)?)\b.*\b(?:received|actual|got|to (?:be|equal)|but|failed|==|!=)\b|\bassert\s+.+|\bwant\b.*\bgot\b|\bgot\b.*\bwant\b|^\s*(?:left|right|Expected|Received|Actual)\s*:/i,
  /\b(?:cannot|can't|could not|unable to|undefined|unresolved|no such file|not found|permission denied|failed to|failure|mismatch|timed? ?out|refused|missing)\b/i,
  /\b(?:error|failed|FAIL|✗|✖|not ok)\b/i,
];
const NOISE = /^\s*(?:at\s+\S+|File ".*", line \d+|\.\.\.|[-=~^]+|npm (?:ERR|error)! (?:code|errno|A complete log|path|command)|\d+ (?:problems?|errors?|warnings?|passing|failing|pass|fail)\b.*|(?:Tests?|Test Suites?|Ran)\b.*\d.*|Traceback.*|error: (?:script|command) ".*" exited.*|make(?:\[\d+\])?: \*\*\*.*|.*\b0 errors?\b.*)\s*$/i;

/** Null where no line looks like one. */
export function firstError(text: string): string | null {
  const lines = text.split("\n", LINES_READ_MAX).map((line) => line.slice(0, LINE_CHARACTERS_MAX)).filter((line) => line.trim() !== "" && !NOISE.test(line));
  for (const kind of KINDS) {
    const at = lines.findIndex((line) => kind.test(line));
    if (at < 0) continue;
    const line = lines[at]!.trim().replace(/^E\s{2,}/, "");
    return withOther(line, lines.slice(at + 1, at + 6));
  }
  return null;
}

/** `Expected: 3` says nothing without what came instead. */
function withOther(line: string, next: readonly string[]): string {
  if (/\b(?:received|actual|got)\b\s*:/i.test(line) || /\b(?:want|expected)\b.*\b(?:got|actual|received)\b/i.test(line)) return line;
  const pair = next.map((one) => one.trim()).filter((one) => /^(?:Expected|Received|Actual|left|right|expected|received|actual|got|want)\b.{0,20}?:/i.test(one) || /^[-+] ?\S/.test(one)).slice(0, 2);
  return pair.length === 0 ? line : `${line}; ${pair.join("; ")}`;
}

/** A message without the stack that some tools put behind it. */
export const saidOf = (message: string): string => firstError(message) ?? message.split("\n")[0] ?? "";

const PLACE = /(?<path>[A-Za-z0-9_@+.-]+(?:\/[A-Za-z0-9_@+.-]+)*\.[A-Za-z]{1,8})(?::|\()(?<line>\d{1,7})/;

/** `file:line` where the error names one. */
export function whereSaid(line: string): string | null {
  const groups = PLACE.exec(line)?.groups;
  return groups === undefined ? null : `${groups["path"]}:${groups["line"]}`;
}
