/** What a solver answers to `(get-value ...)`, as values of a counterexample: exact, or in words where no form holds them. */
import { MaestroError } from "../../../proto/errors.ts";
import { cexDouble, cexInteger, cexRational, doubleOfBits, type CexValue } from "../../../proto/cex-value.ts";
import { readSexprs, type Sexpr, stringOf, writeSexpr } from "./sexpr.ts";

const ANSWER_LIMITS = { bytes_max: 4 * 1024 * 1024, depth_max: 512, items_max: 500_000 } as const;
const TEXT_CHARACTERS_MAX = 16_384;
/** z3 shares subterms by `let`; written out they can grow without end. */
const EXPANDED_ITEMS_MAX = 200_000;

const listOf = (expression: Sexpr | undefined): readonly Sexpr[] => (Array.isArray(expression) ? expression : []);

/** An expression and how many items it has when everything shared is written out. */
interface Sized {
  readonly is: Sexpr;
  readonly items: number;
}

const sized = (is: Sexpr, items: number): Sized => {
  if (items > EXPANDED_ITEMS_MAX) throw new MaestroError("request.too_large", `a model of more than ${EXPANDED_ITEMS_MAX} items`);
  return { is, items };
};

/** `(let ((a t) ...) body)` with the names replaced. Throws `request.too_large`: forty lines of text can stand for 2^40 items. */
function expand(expression: Sexpr, names: ReadonlyMap<string, Sized>): Sized {
  if (typeof expression === "string") return names.get(expression) ?? sized(expression, 1);
  if (expression[0] === "let") {
    const bound = listOf(expression[1]).map((pair) => [String(listOf(pair)[0]), expand(listOf(pair)[1] ?? "", names)] as const);
    return expand(expression[2] ?? "", new Map([...names, ...bound]));
  }
  const inner = expression.map((one) => expand(one, names));
  return sized(inner.map(({ is }) => is), inner.reduce((sum, { items }) => sum + items, 1));
}

const bitsOf = (atom: Sexpr | undefined): string | null => {
  if (typeof atom !== "string") return null;
  if (/^#b[01]+$/.test(atom)) return atom.slice(2);
  return /^#x[0-9A-Fa-f]+$/.test(atom) ? [...atom.slice(2)].map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, "0")).join("") : null;
};

const inWords = (expression: Sexpr): CexValue => ({ "#unserializable": writeSexpr(expression).slice(0, TEXT_CHARACTERS_MAX) });

/** Numerator and denominator of what arithmetic prints: `3`, `0.5`, `(- x)`, `(/ x y)`; the decimal point tells a real. */
function numberOf(expression: Sexpr | undefined): { readonly n: bigint; readonly d: bigint } | null {
  if (typeof expression === "string") {
    const [, whole, fraction = ""] = /^([0-9]+)(?:\.([0-9]+))?$/.exec(expression) ?? [];
    return whole === undefined ? null : { n: BigInt(whole + fraction), d: 10n ** BigInt(fraction.length) };
  }
  const [operator, left, right] = listOf(expression);
  const a = numberOf(left);
  if (a === null) return null;
  if (operator === "-" && right === undefined) return { n: -a.n, d: a.d };
  const b = operator === "/" ? numberOf(right) : null;
  return b === null || b.n === 0n ? null : { n: a.n * b.d, d: a.d * b.n };
}

const DOUBLES: Readonly<Record<string, number>> = { "+oo": Infinity, "-oo": -Infinity, NaN: Number.NaN, "+zero": 0, "-zero": -0 };

/** Doubles alone have a form: `(fp sign exponent fraction)` of 1, 11 and 52 bits, and the five that have names. */
function doubleOf([head, a, b, c]: readonly Sexpr[]): CexValue | null {
  if (head === "_" && b === "11" && c === "53" && typeof a === "string" && Object.hasOwn(DOUBLES, a)) return cexDouble(DOUBLES[a] ?? 0);
  const [sign, exponent, fraction] = [bitsOf(a), bitsOf(b), bitsOf(c)];
  if (head !== "fp" || sign?.length !== 1 || exponent?.length !== 11 || fraction?.length !== 52) return null;
  return cexDouble(doubleOfBits(BigInt(`0b${sign}${exponent}${fraction}`).toString(16).padStart(16, "0")));
}

function sequenceOf([head, ...items]: readonly Sexpr[]): CexValue | null {
  if (head === "as" && items[0] === "seq.empty") return [];
  if (head === "seq.unit" && items.length === 1) return [valueOf(items[0] ?? "")];
  if (head !== "seq.++") return null;
  const parts = items.map(valueOf);
  return parts.every((part) => Array.isArray(part)) ? parts.flat() : null;
}

/** `(store (store ((as const ...) d) k v) ...)`: an array is no finite map, so its default stands beside the pairs. */
function arrayOf(expression: readonly Sexpr[]): CexValue | null {
  const pairs: [CexValue, CexValue][] = [];
  let rest: Sexpr = expression;
  while (Array.isArray(rest) && rest[0] === "store" && rest.length === 4) {
    const [, inner, key, item]: readonly Sexpr[] = rest;
    // The outermost store is the newest, so an older one of the same key does not count.
    const at = valueOf(key ?? "");
    if (!pairs.some(([known]) => JSON.stringify(known) === JSON.stringify(at))) pairs.push([at, valueOf(item ?? "")]);
    rest = inner ?? "";
  }
  const [constant, otherwise] = listOf(rest);
  if (otherwise === undefined || listOf(constant)[0] !== "as" || listOf(constant)[1] !== "const") return null;
  return { "#ctor": "array", args: [{ "#map": pairs }, valueOf(otherwise)] };
}

const plainName = (name: string): string => (name.startsWith("|") ? name.slice(1, -1) : name);

/** One value. A symbol that is neither `true` nor `false` is a constructor without arguments. */
export function valueOf(expression: Sexpr): CexValue {
  if (expression === "true" || expression === "false") return expression === "true";
  const bits = bitsOf(expression);
  if (bits !== null) return { "#bits": bits };
  const number = numberOf(expression);
  if (number !== null) return number.d === 1n ? cexInteger(number.n) : cexRational(number.n, number.d);
  if (typeof expression === "string") return expression.startsWith('"') ? stringOf(expression).toWellFormed() : { "#ctor": plainName(expression), args: [] };
  const known = doubleOf(expression) ?? sequenceOf(expression) ?? arrayOf(expression);
  if (known !== null) return known;
  const [head, ...args] = expression;
  // `(as nil (List Int))` names the sort of a constructor that would be ambiguous.
  const name = Array.isArray(head) && head[0] === "as" ? head[1] : head === "as" && args.length === 2 ? args[0] : head;
  if (typeof name !== "string" || /^(?:_|fp|lambda|root-obj|\/|-|\+|\*|store|seq\..*|let)$/.test(name)) return inWords(expression);
  return { "#ctor": plainName(name), args: head === "as" ? [] : args.map(valueOf) };
}

/** Pairs of the asked term and its value, in the order they were asked. Throws `request.malformed` or `request.too_large`. */
export function readModel(text: string): readonly (readonly [term: string, value: CexValue])[] {
  const [answer, ...more] = readSexprs(text, ANSWER_LIMITS);
  const pairs = listOf(answer);
  if (more.length > 0 || pairs.length === 0 || pairs.some((pair) => listOf(pair).length !== 2)) throw new MaestroError("request.malformed", "the solver's model is not a list of pairs");
  return pairs.map((pair) => {
    const [term = "", value = ""] = listOf(pair);
    return [plainName(writeSexpr(term)), valueOf(expand(value, new Map()).is)];
  });
}
