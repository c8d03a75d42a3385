/** What somebody looks for: words, phrases in quotes, and words with a field before them. All of them must fit. Pure. */
import { CARDS_LIMITS } from "./limits.ts";
import { ACTORS, fold, VERDICTS, type PageCard } from "./model.ts";

/** As badges have it. */
const DECIDED = { refuse: "refused", hold: "held", admit: "admitted" } as const;

/** Fields that a word may name, and what of a card is asked then. Any other word with a colon in it is a word. */
const FIELDS = {
  rule: (card, wanted) => card.reasons.some(({ rule }) => rule.includes(wanted)),
  actor: ({ actor }, wanted) => actor.class === wanted || fold(actor.name).includes(wanted) || (actor.agent !== null && fold(actor.agent).includes(wanted)),
  repo: ({ repository }, wanted) => fold(repository).includes(wanted),
  verdict: ({ verdict }, wanted) => verdict.startsWith(wanted) || DECIDED[verdict].startsWith(wanted),
} as const satisfies Readonly<Record<string, (card: PageCard, wanted: string) => boolean>>;
export type Field = keyof typeof FIELDS;
export const FIELD_NAMES = Object.keys(FIELDS) as readonly Field[];
const isField = (name: string): name is Field => Object.hasOwn(FIELDS, name);

export interface Term {
  /** Null: anywhere in the card. */
  readonly field: Field | null;
  /** Folded. */
  readonly text: string;
}

/** One term: a field or none, then a phrase in quotes, whose last quote may be missing yet, or what stands up to the next blank. */
const TERM = /(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))/giu;

export function parseQuery(query: string): Term[] {
  const terms: Term[] = [];
  for (const [whole, name = "", phrase, word] of query.slice(0, CARDS_LIMITS.query_chars_max).matchAll(TERM)) {
    const field = isField(name.toLowerCase()) ? (name.toLowerCase() as Field) : null;
    const text = fold(field === null && name !== "" ? whole.replaceAll('"', "") : (phrase ?? word ?? ""));
    // A field that is being written and has no value yet asks for nothing.
    if (text !== "" && !(name === "" && phrase === undefined && text.endsWith(":") && isField(text.slice(0, -1)))) terms.push({ field, text });
  }
  return terms;
}

export const matches = (card: PageCard, terms: readonly Term[]): boolean => terms.every(({ field, text }) => (field === null ? card.text.includes(text) : FIELDS[field](card, text)));

/**
 * Whether whatever `next` finds, `before` found as well, so that only that has to be looked through again; false where nobody can tell. Words
 * are found anywhere, so a longer word finds less. An actor's class is compared as a whole: a longer one may find more.
 */
export function narrower(next: readonly Term[], before: readonly Term[]): boolean {
  return before.every(({ field, text }, i) => {
    const longer = next[i];
    return longer !== undefined && longer.field === field && (longer.text === text || (field !== "actor" && longer.text.startsWith(text)));
  });
}

/** Words that read like a field and name none, where nothing was found: a gate's id and an address have a colon too. */
export function unknownFields(query: string): string[] {
  const names = [...query.matchAll(TERM)].flatMap(([, name = "", phrase, word]) => (name === "" || name.toLowerCase() === "gate" || word?.startsWith("/") === true || (phrase ?? word ?? "") === "" ? [] : [name]));
  return [...new Set(names)].filter((name) => !isField(name.toLowerCase()));
}

/** A term that finds just this value again. */
export const termOf = (field: Field, value: string): string => `${field}:${/^[^\s"]+$/.test(value) ? value : `"${value.replaceAll('"', " ")}"`}`;

/** What a word at the end of a search may become. */
export interface Hint {
  /** The whole search with this hint taken. */
  readonly query: string;
  readonly shown: string;
  readonly about: string;
}

const HINTS_MAX = 8;
const ABOUT: Readonly<Record<Field, string>> = { rule: "a rule that fired", actor: "who made the change", repo: "a repository", verdict: "what was decided" };

type Counted = readonly (readonly [string, number])[];

/** Counted once for the same cards: while somebody types, they stay the same. */
const counts = new WeakMap<readonly PageCard[], Map<Field, Counted>>();

function valuesOf(field: Field, cards: readonly PageCard[]): Counted {
  const known = counts.get(cards) ?? new Map<Field, Counted>();
  counts.set(cards, known);
  const values = known.get(field) ?? countedValues(field, cards);
  known.set(field, values);
  return values;
}

/** Values of a field among these cards with how many cards have each, most first. */
function countedValues(field: Field, cards: readonly PageCard[]): Counted {
  const counted = new Map<string, number>();
  for (const { reasons, actor, repository, verdict } of cards) {
    const values = { rule: reasons.map(({ rule }) => rule), actor: [actor.class, actor.agent ?? actor.name], repo: [repository], verdict: [verdict] }[field];
    for (const value of new Set(values)) counted.set(value, (counted.get(value) ?? 0) + 1);
  }
  const known: readonly string[] = field === "verdict" ? VERDICTS : field === "actor" ? ACTORS : [];
  for (const value of known) if (!counted.has(value)) counted.set(value, 0);
  return [...counted].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

/** The word being written is the last one, from its first letter to the end. */
const LAST = /(?:^|\s)((?:([a-z]+):)?("[^"]*|[^\s"]*))$/iu;

export function hintsFor(query: string, cards: readonly PageCard[]): Hint[] {
  const [, last = "", name, written = ""] = LAST.exec(query) ?? [];
  const before = query.slice(0, query.length - last.length);
  const field = name?.toLowerCase() ?? "";
  if (isField(field)) {
    const wanted = fold(written.replace(/^"/, ""));
    const holding = valuesOf(field, cards).filter(([value]) => value !== "" && fold(value).includes(wanted));
    const begins = ([value]: readonly [string, number]): boolean => fold(value).startsWith(wanted);
    const fitting = [...holding.filter(begins), ...holding.filter((one) => !begins(one))];
    return fitting.slice(0, HINTS_MAX).map(([value, count]) => ({ query: `${before}${termOf(field, value)} `, shown: value, about: count === 1 ? "1 card" : `${count.toLocaleString("en")} cards` }));
  }
  if (last === "" || name !== undefined) return [];
  return FIELD_NAMES.filter((one) => one.startsWith(last.toLowerCase())).map((one) => ({ query: `${before}${one}:`, shown: `${one}:`, about: ABOUT[one] }));
}
