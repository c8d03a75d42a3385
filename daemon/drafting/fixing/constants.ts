/**
 * A test that names what came and what was expected, where both are constants of this change: what came stands in a line that it writes, what was expected in the line
 * that it took away. Then that constant is put back. Without both nothing is said: a test may be what is wrong.
 */
import type { CheckFinding } from "../../../proto/findings.ts";
import type { Seen } from "../material.ts";
import { isMisspelt } from "./lines.ts";
import type { Mend } from "./rules.ts";

interface Pair {
  readonly expected: string;
  readonly received: string;
}

const VALUE = "(?<NAMED>\"[^\"\\n]{1,80}\"|'[^'\\n]{1,80}'|`[^`\\n]{1,80}`|-?[\\d][\\d.,_]{0,30}|[\\w.+-]{1,60})";
const form = (text: string): RegExp => new RegExp(text.replace("{E}", VALUE.replace("NAMED", "expected")).replace("{R}", VALUE.replace("NAMED", "received")), "m");
const FORMS: readonly RegExp[] = [
  // jest, bun, xunit, rspec
  form("^\\s*[Ee]xpected:?\\s+{E}\\s*\\n\\s*(?:[Rr]eceived|[Aa]ctual|[Gg]ot|but was):?\\s+{R}\\s*$"),
  // JUnit, kotlin.test, chai and vitest, PHPUnit, Go, pytest, unittest
  form("expected:? <{E}> but was:? <{R}>"), form("\\bexpected {R} to (?:be|equal|deeply equal|strictly equal|eql) {E}"), form("asserting that {R} (?:matches expected|is identical to|equals) {E}"),
  form("(?:\\bgot:?|=) {R},? (?:but )?want(?:ed)?:? {E}"), form("\\bassert {R} == {E}\\s*$"), form("AssertionError: {R} != {E}\\s*$"), form("^\\s*actual: {R},?\\s*\\n\\s*expected: {E},?\\s*$"), form("^\\s*-\\s*{E}\\s*\\n\\s*\\+\\s*{R}\\s*$"),
];
const bare = (text: string): string => text.replace(/^(["'`])(.*)\1$/, "$2").replace(/[.,]$/, "");
const OUTPUT_CHARACTERS_MAX = 4_000;

function pairsIn(findings: readonly CheckFinding[]): Pair[] {
  return findings.flatMap(({ finding: { message, excerpt } }) => {
    const text = `${message}\n${excerpt ?? ""}`.slice(0, OUTPUT_CHARACTERS_MAX);
    return FORMS.flatMap((of) => { const groups = of.exec(text)?.groups; return groups === undefined ? [] : [{ expected: bare(groups["expected"]!), received: bare(groups["received"]!) }]; });
  }).filter(({ expected, received }) => expected !== received);
}

const LITERAL = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|(?<![\w.])\d[\d_]*(?:\.\d+)?(?![\w.])/g;
/** 0.19 and 19 per cent are one number to whoever asks where it came from. */
const digits = (text: string): string | null => (/^-?[\d_]+(?:\.\d+)?$/.test(text) ? text.replace(/[-._]/g, "").replace(/^0+|0+$/g, "") : null);
const isSame = (literal: string, value: string): boolean => {
  const own = bare(literal);
  const [one, other] = [digits(own), digits(value)];
  return own === value || (one !== null && one !== "" && one === other);
};

/** The one literal in which two lines differ. */
function changedLiteral(old: string, now: string): Pair | null {
  const [before, after] = [old.match(LITERAL) ?? [], now.match(LITERAL) ?? []];
  const at = before.flatMap((literal, i) => (literal === after[i] ? [] : [i]));
  if (before.length !== after.length || at.length !== 1 || old.replace(LITERAL, "\u0001") !== now.replace(LITERAL, "\u0001")) return null;
  return { expected: before[at[0]!]!, received: after[at[0]!]! };
}

/** What a file of the change has put back where it is that constant. */
export function constantsOf(findings: readonly CheckFinding[], file: Seen, lines: readonly string[]): Mend[] {
  const pairs = file.kind.test ? [] : pairsIn(findings);
  if (pairs.length === 0) return [];
  return file.change.hunks.flatMap(({ lines: changed, new_start }): Mend[] => {
    const gone = changed.filter(({ op }) => op === "-").map(({ text }) => text);
    const come = changed.flatMap(({ op, text }, i) => (op === "+" ? [{ text, line: new_start + changed.slice(0, i).filter((one) => one.op !== "-").length }] : []));
    const found = come.flatMap(({ text, line }) => gone.flatMap((old) => {
      const literal = changedLiteral(old, text);
      return literal !== null && lines[line - 1] === text && pairs.some(({ expected, received }) => isSame(literal.expected, expected) && isSame(literal.received, received)) ? [{ old, line }] : [];
    }));
    return found.length === 1 ? [{ what: "put back the constant that the test expects", edits: [{ line: found[0]!.line, gone: 1, come: [found[0]!.old] }], caution: "where the new one is meant, it is the test that has to change" }] : [];
  });
}

/** A word that the test spells otherwise: the one place where what came is written, and what is near to it. */
export function wordsOf(findings: readonly CheckFinding[], file: Seen, lines: readonly string[]): Mend[] {
  const pairs = file.kind.test ? [] : pairsIn(findings).filter(({ expected, received }) => /^[A-Za-z][A-Za-z_-]{3,40}$/.test(expected) && /^[A-Za-z][A-Za-z_-]{3,40}$/.test(received));
  return pairs.flatMap(({ expected, received }): Mend[] => {
    const at = lines.flatMap((text, i) => ((text.match(LITERAL) ?? []).some((literal) => bare(literal) === received) ? [i] : []));
    const [first] = at;
    const written = file.added.some(({ line }) => line === (first ?? -1) + 1);
    if (first === undefined || at.length !== 1 || !written || !isMisspelt({ path: file.path, lines, line: first + 1, text: lines[first]! }, received, expected)) return [];
    return [{ what: "spell the word as the test expects it", edits: [{ line: first + 1, gone: 1, come: [lines[first]!.replace(LITERAL, (literal) => (bare(literal) === received ? literal.replace(received, expected) : literal))] }], caution: "where the new one is meant, it is the test that has to change" }];
  });
}
