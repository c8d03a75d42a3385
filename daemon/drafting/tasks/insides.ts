/** What changes inside files, in words: values first, then calls, names, tests, and the lines that are left. */
import { listed, quoted } from "../quote.ts";
import { isImitating } from "../scan/addressed.ts";
import type { Inside, LineChange, ValueChange } from "../scan/inside.ts";

const EACH_SHOWN = 6;
const NAMES_SHOWN = 8;
const SPAN_CHARACTERS_MAX = 120;

function ratioWords(ratio: number | null): string {
  if (ratio === null || ratio === 1) return "";
  const factor = ratio > 1 ? ratio : 1 / ratio;
  return factor < 1.5 || factor > 1e9 ? (ratio > 1 ? " (raised)" : " (lowered)") : ` (${ratio > 1 ? "raised" : "lowered to a part of"} ${Number.isInteger(factor) ? factor : factor.toFixed(1)}${ratio > 1 ? " times" : "th"})`;
}

export const valueWords = ({ name, from, to, ratio }: ValueChange): string => `${quoted(name, 60)} from ${quoted(from, 60)} to ${quoted(to, 60)}${ratioWords(ratio)}`;

export const lineWords = ({ line, from, to }: LineChange): string =>
  from === null ? `line ${line} comes: ${quoted(to ?? "", SPAN_CHARACTERS_MAX)}` : to === null ? `goes: ${quoted(from, SPAN_CHARACTERS_MAX)}` : `line ${line}: ${quoted(from, SPAN_CHARACTERS_MAX)} becomes ${quoted(to, SPAN_CHARACTERS_MAX)}`;

const spans = (names: readonly string[], shown = NAMES_SHOWN): string => listed(names.map((name) => quoted(name, 60)), shown);

/** Lines that say most first: those that take another's place, then what goes, then what comes. */
const telling = (lines: readonly LineChange[]): LineChange[] => {
  const rank = ({ from, to }: LineChange): number => (from !== null && to !== null ? 0 : from !== null ? 1 : 2);
  return [...lines].sort((a, b) => rank(a) - rank(b));
};

/** Of one file, best first; none where nothing is to be said. Of a test, which tests there are: `lines_shown` 0. */
export function insideWords(inside: Inside, lines_shown: number, known: ReadonlySet<string>): string[] {
  const { values, uncalled, called, gone, come, tests_gone, tests_come, lines } = inside;
  const fresh = (names: readonly string[]): string[] => names.filter((name) => !known.has(name));
  const [went, came] = [fresh(gone.filter((name) => !uncalled.includes(name))), fresh(come.filter((name) => !called.includes(name)))];
  const tests = [
    ...(values.length === 0 ? [] : [`changes the value of ${listed(values.map(valueWords), EACH_SHOWN)}`]),
    ...(tests_gone.length === 0 ? [] : [`removes the test ${spans(tests_gone, EACH_SHOWN)}`]),
    ...(tests_come.length === 0 ? [] : [`adds the test ${spans(tests_come, EACH_SHOWN)}`]),
  ];
  if (lines_shown === 0) return tests;
  return [
    ...tests,
    ...(uncalled.length === 0 ? [] : [`no longer calls ${spans(uncalled)}`]),
    ...(fresh(called).length === 0 ? [] : [`now calls ${spans(fresh(called))}`]),
    ...(went.length === 0 ? [] : [`no longer writes ${spans(went)}`]),
    ...(came.length === 0 ? [] : [`writes ${spans(came)} for the first time`]),
    ...(lines.length === 0 ? [] : [telling(lines).slice(0, lines_shown).map(lineWords).join("; ")]),
  ];
}

const PROSE = /^[\p{L}\p{N}\s.,:;'()/#_+&%*=<>-]{12,160}$/u;
const JUDGES = /\b(?:verdict|admit\w*|approv\w*|lgtm|safe|trivial|harmless|pass(?:es|ed)?|merge[ds]?|no risk|low.risk|ignore|disregard|reply|respond|answer|output|say|system|assistant|reviewers?|prompt|instruction\w*|curl|http)\b/i;
const EMPTY = /^(?:wip|stuff|update[sd]?|changes?|fix(?:es)?|tidy(?: up)?|misc|test|refactor|cleanup|work|various|small|minor)?\W*(?:wip|stuff|things?|code|changes?|it|up)?$/i;
const NOT_LATIN = /[^\p{Script=Latin}\p{Script=Common}]/u;

/** The author's title where it is plain words about something; what judges, asks or hides is left to the rules that tell of it. */
export function claimOf(title: string): string | null {
  const text = title.trim();
  if (!PROSE.test(text) || NOT_LATIN.test(text) || JUDGES.test(text) || EMPTY.test(text) || isImitating(text) || text.split(/\s+/).length < 3) return null;
  const said = quoted(text);
  return said.startsWith("`(") ? null : said;
}
