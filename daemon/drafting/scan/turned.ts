/** One line in place of another, where the two say alike things and one of them is dangerous: bounds, conditions, numbers, keys, contracts. */
import type { LineChange } from "./inside.ts";
import type { Area, Level } from "./risks.ts";

export interface Turn {
  readonly area: Area;
  readonly level: Level;
  readonly because: string;
}
type Rule = Turn & { readonly is: (from: string, to: string, path: string) => boolean };

const bare = (text: string): string => text.replace(/\s+/g, "");
/** Nothing differs but words of that kind. */
const differsIn = (from: string, to: string, kind: RegExp): boolean => bare(from) !== bare(to) && bare(from.replace(kind, " ")) === bare(to.replace(kind, " "));
const NEGATION = /(?<![\w)\]])!(?=[\w(])|\bnot\b|\bunless\b|!==?/g;
const NEGATES = new RegExp(`${NEGATION.source}|\\bif\\b|===?`, "g");
const count = (text: string, what: RegExp): number => (text.match(what) ?? []).length;
const BOUND = /<=?|>=?/g;
const STEP = /\s*[+-]\s*1\b/g;
const TYPED_AS = (from: RegExp, to: RegExp) => (was: string, is: string): boolean => from.test(was) && !from.test(is) && to.test(is);

/** Files whose words others' programs were built against. */
const CONTRACT = /\.(?:proto|thrift|avsc|graphqls?|fbs|capnp|wsdl|xsd|asn1?)$|(?:^|\/)(?:openapi|swagger|asyncapi|api|schema)[^/]*\.(?:ya?ml|json)$/i;
const NUMBERED = /^\s*(?:(?:repeated|optional|required)\s+)?[\w.<>, ]+?\s(?<name>\w+)\s*=\s*(?<number>\d+)/;
const FIELD_TYPE = /^\s*(?:(?:repeated|optional|required)\s+)?(?<type>[\w.<>, ]+?)\s(?<name>\w+)\s*=\s*\d+/;

const fieldOf = (text: string, read: RegExp, group: string): readonly [string, string] | null => {
  const groups = read.exec(text)?.groups;
  return groups?.["name"] === undefined || groups[group] === undefined ? null : [groups["name"], groups[group]];
};
const sameNameOther = (read: RegExp, group: string) => (from: string, to: string): boolean => {
  const [was, is] = [fieldOf(from, read, group), fieldOf(to, read, group)];
  return was !== null && is !== null && was[0] === is[0] && was[1] !== is[1];
};

const TURNS: readonly Rule[] = [
  { area: "behaviour", level: "high", because: "a bound moves by one (off-by-one): one item more or fewer, past the end (out of bounds) or one that is left out", is: (from, to) => (differsIn(from, to, BOUND) && count(from, /<=|>=/g) !== count(to, /<=|>=/g) && from.replace(/=/g, "") === to.replace(/=/g, "")) || (differsIn(from, to, STEP) && count(from, STEP) !== count(to, STEP)) || (differsIn(from, to, /(?<=[\w)\]])\.\.[.=<]?(?=[\w(])/g)) },
  { area: "behaviour", level: "high", because: "a condition is turned around: it decides the opposite now (inverted), so who was refused passes and who passed is refused", is: (from, to) => differsIn(from, to, NEGATES) && (count(from, NEGATION) % 2) !== (count(to, NEGATION) % 2) },
  { area: "behaviour", level: "high", because: "one of two conditions is enough now: it is weaker than before, and more gets through (a bypass)", is: (from, to) => differsIn(from, to, /&&|\|\||\band\b|\bor\b/g) && count(from, /&&|\band\b/g) > count(to, /&&|\band\b/g) },
  { area: "authentication", level: "high", because: "it gives the same answer always, without looking: everyone passes the check", is: (from, to) => /^\s*(?:return\s+)?true;?$/i.test(to.replace(/^return\s+/, "return ")) && /[=!<>]=|\(|\band\b|&&|\./.test(from) },
  { area: "behaviour", level: "medium", because: "it is compared loosely: types are coerced, or references are compared in place of values", is: (from, to) => differsIn(from, to, /===?|!==?/g) && count(from, /===|!==/g) > count(to, /===|!==/g) || (/\.equals\(/.test(from) && !/\.equals\(/.test(to) && /[!=]=/.test(to)) },
  { area: "stored data", level: "high", because: "a narrower type of number: larger values overflow, wrap around or are truncated", is: TYPED_AS(/\b(?:u?int64(?:_t)?|long|i64|u64|i128|bigint|size_t|Long|BigInteger|usize|double|f64|bigserial)\b/i, /\b(?:u?int(?:32|16|8)?(?:_t)?|short|i32|u32|i16|u16|u8|byte|Int|integer|smallint|float|f32|serial)\b/i) },
  { area: "memory", level: "high", because: "it gives back a reference in place of a copy: to something local it dangles, and to something inside it changes under whoever holds it (lifetime)", is: (from, to) => /^[\w\s:<>,*]*\b\w+(?:::\w+)*\s*\(/.test(from) && /^\s*(?:(?:static|virtual|inline|const)\s+)*[\w:<>, ]+\s*[&*]\s*[\w:]+\s*\(/.test(to) && !/^[^(]*[&*]/.test(from) && !/[=.]|\breturn\b/.test(to.split("(")[0]!) },
  { area: "money", level: "high", because: "exact decimals become binary floating point: rounding errors, cents get lost in sums (precision)", is: TYPED_AS(/\b(?:decimal|BigDecimal|numeric|Money|BigInt)\b/i, /\b(?:float|double|f64|f32|float(?:32|64)|Number|real|parseFloat|Float)\b/i) },
  { area: "behaviour", level: "medium", because: "a division or a rounding is another: amounts differ by fractions, and sums may no longer add up", is: (from, to) => differsIn(from, to, /\b(?:Math\.)?(?:floor|ceil|round|trunc)\b|ROUND_\w+|RoundingMode\.\w+|\/\/?/g) && /round|floor|ceil|trunc|\/\//i.test(from + to) },
  { area: "concurrency", level: "high", because: "another collection, which is not thread-safe: concurrent use may race and lose what was written", is: TYPED_AS(/\b(?:Concurrent\w+|CopyOnWrite\w+|Atomic\w+|Vector|StringBuffer|Arc|Mutex|sync\.Map|queue\.Queue|BlockingQueue)\b/, /\b(?:HashMap|HashSet|LinkedHashMap|ArrayList|Dictionary|List|StringBuilder|Rc|RefCell|Cell|map\[|int|long|Integer|Long|Map|deque|mutableMapOf|Queue)\b/) },
  { area: "behaviour", level: "high", because: "parts of the cache key are gone: two that differ share one entry, and one user or version may be served what belongs to another (collision, stale)", is: (from, to) => /(?<!_by_)(?:key|etag)\b\s*[:=(]|(?:cache|memo|redis)\w*\.\w+\(/i.test(to) && count(from, /\$\{|#\{|%[sdv]|\{\w|(?<=["'`)\w])\s*[+.,]\s*(?=["'`\w])/g) > count(to, /\$\{|#\{|%[sdv]|\{\w|(?<=["'`)\w])\s*[+.,]\s*(?=["'`\w])/g) && /["'`]/.test(from) },
  { area: "public API", level: "high", because: "a field of the wire format gets another number or type: old clients and stored messages decode it wrongly (not backward compatible)", is: (from, to, path) => CONTRACT.test(path) && /\.(?:proto|thrift|fbs|capnp)$/.test(path) && (sameNameOther(NUMBERED, "number")(from, to) || sameNameOther(FIELD_TYPE, "type")(from, to)) },
  { area: "public API", level: "high", because: "the contract of an API changes: existing clients that send or read it as it was break (not backward compatible)", is: (from, to, path) => CONTRACT.test(path) && bare(from) !== bare(to) && !/\b(?:description|summary|title|version|example)\b\s*:/.test(to) },
  { area: "public API", level: "medium", because: "the name of a field in what is sent or stored is another: whoever reads the old one (clients, stored data) finds nothing", is: (from, to) => /(?:json|yaml|xml|bson|db|gorm|serde|JsonProperty|SerializedName|Column|JsonPropertyName|alias)\b/.test(to) && differsIn(from, to, /["'`:=]\s*[\w-]+(?=["'`,])/g) },
  { area: "public API", level: "medium", because: "another status of the response: clients that decide by it go another way", is: (from, to) => /\bstatus|StatusCode|http_?code|HttpStatus|http\.Status|\bsend\w*\(|abort\(|render/i.test(to) && differsIn(from, to, /\b[1-5]\d\d\b|\bStatus[A-Z]\w+|HttpStatus\.\w+|:[a-z_]+$/g) },
  { area: "error handling", level: "medium", because: "an error is logged at another level: it may no longer be seen by who watches (alerts), or fill the log", is: (from, to) => differsIn(from, to, /(?<=\.|::|_|\s)(?:[tT]race|[dD]ebug|[iI]nfo|[wW]arn|[wW]arning|[eE]rror|[fF]atal|[cC]ritical|log)\w{0,2}(?=\(|!)|\b(?:DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL|TRACE)\b/g) },
  { area: "error handling", level: "medium", because: "more kinds of errors are caught there: bugs are hidden with those that were meant", is: (from, to) => (/\bexcept\s+\w|catch\s*\(\s*\w|rescue\s+\w/.test(from) && /\bexcept\s*(?:Base)?(?:Exception)?\s*(?:as \w+)?:|catch\s*\(\s*(?:\.\.\.|Throwable|Exception|\\?Throwable)|rescue\s*(?:=>|Exception|StandardError|$)/.test(to) && bare(from) !== bare(to) && !/\b(?:Exception|Throwable|StandardError)\b/.test(from)) },
  { area: "configuration", level: "medium", because: "a fixed version becomes a wider range: another version may come with any build", is: (from, to) => differsIn(from, to, /[\^~*><=]+|\blatest\b|\d+(?:\.\d+)*(?:\.x)?/g) && /["'=:]\s*["']?(?:[\^~*]|>=|latest)/.test(to) && !/["'=:]\s*["']?(?:[\^~*]|>=|latest)/.test(from) },
  { area: "authentication", level: "high", because: "the role or the permission that is asked for is another: others may do it now", is: (from, to) => /role|permission|scope|authori|hasAny|policy|grant|allow|can\(/i.test(to) && differsIn(from, to, /["'][\w:.*-]+["']|\b[A-Z][A-Z_]{2,}\b/g) },
];

/** The first that fits, as one line has one danger that matters most. */
export function turnOf({ from, to }: LineChange, path: string): Turn | null {
  if (from === null || to === null || from === to) return null;
  const hit = TURNS.find(({ is }) => is(from, to, path));
  return hit === undefined ? null : { area: hit.area, level: hit.level, because: hit.because };
}
export const isContract = (path: string): boolean => CONTRACT.test(path);
