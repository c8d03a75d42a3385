/** What an expression or a formula may be made of: for completion, and for whoever asks what a word means. A test tries every example. */

export interface Word {
  readonly name: string;
  /** What goes into the text; `‸` is where the cursor then stands. */
  readonly insert: string;
  /** What it takes and gives. */
  readonly types: string;
  readonly about: string;
  /** Over the event of docs/invariants.md: int i, double d, string s, list<int> l, duration t, money m, bool b. */
  readonly example: string;
}

/** Written after a dot, by what stands before it. */
export const METHODS: Readonly<Record<"text" | "list", readonly Word[]>> = {
  text: [
    { name: "startsWith", insert: "startsWith('‸')", types: "string.startsWith(string) → bool", about: "whether a text begins so", example: "s.startsWith('agent-')" },
    { name: "endsWith", insert: "endsWith('‸')", types: "string.endsWith(string) → bool", about: "whether a text ends so", example: "s.endsWith('7')" },
    { name: "contains", insert: "contains('‸')", types: "string.contains(string) → bool", about: "whether a text has that within", example: "s.contains('-')" },
    { name: "matches", insert: "matches('‸')", types: "string.matches(pattern) → bool", about: "whether a pattern is found anywhere; ^ and $ are the ends", example: "s.matches('^agent-[0-9]+$')" },
    { name: "size", insert: "size()", types: "string.size() → int", about: "how many characters", example: "s.size() == 7" },
  ],
  list: [
    { name: "all", insert: "all(x, ‸)", types: "list<T>.all(x, bool) → bool", about: "whether every item is so; an empty list: yes", example: "l.all(x, x > 0)" },
    { name: "exists", insert: "exists(x, ‸)", types: "list<T>.exists(x, bool) → bool", about: "whether any item is so", example: "l.exists(x, x > 2)" },
    { name: "exists_one", insert: "exists_one(x, ‸)", types: "list<T>.exists_one(x, bool) → bool", about: "whether exactly one item is so", example: "l.exists_one(x, x == 2)" },
    { name: "map", insert: "map(x, ‸)", types: "list<T>.map(x, U) → list<U>", about: "a list of what comes of each item", example: "l.map(x, x * 2) == [2, 4, 6]" },
    { name: "filter", insert: "filter(x, ‸)", types: "list<T>.filter(x, bool) → list<T>", about: "the items that are so", example: "size(l.filter(x, x != 2)) == 2" },
    { name: "size", insert: "size()", types: "list<T>.size() → int", about: "how many items", example: "l.size() == 3" },
  ],
};

export const FUNCTIONS: readonly Word[] = [
  { name: "has", insert: "has(‸)", types: "has(field) → bool", about: "whether the event carries the field", example: "has(s)" },
  { name: "size", insert: "size(‸)", types: "size(string | list) → int", about: "how many characters or items", example: "size(l) == 3" },
  { name: "duration", insert: "duration(\"‸\")", types: "duration(text) → duration", about: "a time, with the units ms, s, m, h, d", example: 't <= duration("1m30s")' },
  { name: "int", insert: "int(‸)", types: "int(double) → int", about: "without what stands behind the point", example: "int(d) == 1" },
  { name: "double", insert: "double(‸)", types: "double(int) → double", about: "so that it can be compared with a double", example: "double(i) / 2.0 == d" },
  { name: "true", insert: "true", types: "bool", about: "", example: "b == true" },
  { name: "false", insert: "false", types: "bool", about: "", example: "b != false" },
];
/** Under `post` alone. */
export const OLD: Word = { name: "old", insert: "old(‸)", types: "old(T) → T", about: "what it was before the action", example: "i >= old(i)" };

const op = (name: string, types: string, about: string, example: string): Word => ({ name, insert: name, types, about, example });
export const OPERATORS: readonly Word[] = [
  op("==", "T == T → bool", "equal; both of one type", "i == 3"),
  op("!=", "T != T → bool", "not equal", "s != ''"),
  op("<", "T < T → bool", "int, money, double, string or duration", "i < 4"),
  op("<=", "T <= T → bool", "at most", "m <= 12.5"),
  op(">", "T > T → bool", "int, money, double, string or duration", "i > 2"),
  op(">=", "T >= T → bool", "at least", "i >= 3"),
  op("&&", "bool && bool → bool", "both; a false side decides, whatever the other is", "i > 2 && b"),
  op("||", "bool || bool → bool", "either; a true side decides, whatever the other is", "i > 9 || b"),
  op("in", "T in list<T> → bool", "one of", "i in [1, 2, 3]"),
  op("+", "T + T → T", "numbers, times, texts and lists of one type", "i + 1 <= 4"),
  op("-", "T - T → T", "numbers and times of one type", "i - 1 == 2"),
  op("*", "int * int, double * double, money * int", "a ratio of money is spent * 10 <= budget * 9", "m * 2 == 25"),
  op("/", "int / int, double / double, money / int", "by zero is an error, and an error breaks the rule", "i / 2 == 1"),
  op("%", "int % int → int", "what a division leaves", "i % 2 == 1"),
  op("?", "bool ? T : T → T", "one or the other", "i % 2 == 1 ? s != '' : b"),
];

/** Forms of time, with blanks to fill. An example is over the events login, call and logout, whose fields are bool failed and int spend. */
export const FORMS: readonly Word[] = [
  { name: "always", insert: "always ‸", types: "always CONDITION", about: "at every event", example: "always !(failed && spend > 5)" },
  { name: "never", insert: "never ‸", types: "never CONDITION, or never EVENT where CONDITION", about: "at no event", example: "never logout where failed" },
  { name: "eventually", insert: "eventually within ‸5m ", types: "eventually within TIME EVENT", about: "within that time of the first event", example: "eventually within 5m logout" },
  { name: "leads_to", insert: "leads_to ‸ within 30s", types: "EVENT leads_to EVENT within TIME", about: "after each the other comes, within that time", example: "login leads_to logout within 10m" },
  { name: "until", insert: "until ‸", types: "CONDITION until EVENT", about: "the left holds until the right comes", example: "!(logout) until login" },
  { name: "once", insert: "once ‸ in 1h", types: "once EVENT in TIME", about: "some time before, or now", example: "always !call || once login in 1h" },
  { name: "count", insert: "count(‸) in 1h <= 20", types: "count(EVENT where CONDITION) in TIME → int", about: "how many there were up to now, within that time", example: "count(call where failed) in 1h <= 20" },
  { name: "where", insert: "where ‸", types: "EVENT where CONDITION", about: "an event that is so", example: "never logout where failed" },
  { name: "within", insert: "within ‸5m", types: "… within TIME", about: "the time there is, with the units ms, s, m, h, d", example: "login leads_to logout within 10m" },
];
