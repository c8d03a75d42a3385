/** Laws of search, filters, orders, groups and of the address, over made cards. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { manyRows } from "../testing/rows.ts";
import { GROUP_KEYS, grouped, sumsOf } from "./group.ts";
import { HeldCards } from "./held.ts";
import { ACTORS, cardOfRow, fold, rowOfCard, stops, VERDICTS, type PageCard } from "./model.ts";
import { SORT_KEYS, sorted } from "./order.ts";
import { FIELD_NAMES, hintsFor, matches, parseQuery, termOf, unknownFields } from "./query.ts";
import { fromFragment, narrowed, narrows, PLAIN, SPANS, toFragment, type Span, type View } from "./view.ts";

const NOW = Date.parse("2026-11-23T12:00:00Z");
const CARDS: readonly PageCard[] = manyRows(300, NOW).map((row, i) => {
  const card = cardOfRow(row, { kind: "file", file: 0, name: "rows", form: "row", start: i, end: i });
  // Some say neither when they were decided nor how long that took, and some know a risk.
  return { ...card, ...(i % 7 === 0 ? { at: null, at_ms: null } : {}), total_us: i % 5 === 0 ? null : card.total_us, risk: i % 3 === 0 ? "low" : null };
});

const cards = fc.shuffledSubarray([...CARDS], { minLength: 0, maxLength: 120 });
const word = fc.oneof(fc.constantFrom("speed", "PARSER", "refresh", "agent", "src/part", "a", "gate:", "secrets.token", "\u00c9", "\"", "rule:", "no such word"), fc.string({ maxLength: 6 }));
const query = fc.array(fc.oneof(word, fc.tuple(fc.constantFrom(...FIELD_NAMES), word).map(([field, value]) => `${field}:${value}`), word.map((text) => `"${text}"`)), { maxLength: 4 }).map((words) => words.join(" "));
const orNull = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.oneof(fc.constant(null), arbitrary);
const view: fc.Arbitrary<View> = fc.record({
  query,
  verdict: orNull(fc.constantFrom(...VERDICTS)),
  actor: orNull(fc.constantFrom(...ACTORS)),
  repository: orNull(fc.oneof(fc.constantFrom("github.com/example/parser"), fc.string({ minLength: 1, maxLength: 9, unit: "grapheme" }))),
  rule: orNull(fc.constantFrom("secrets.token", "lint.error")),
  since: orNull(fc.constantFrom(...(Object.keys(SPANS) as Span[]))),
  sort: fc.constantFrom(...SORT_KEYS),
  direction: fc.constantFrom("down" as const, "up" as const),
  group: orNull(fc.constantFrom(...GROUP_KEYS)),
  unfolded: fc.array(fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" }), { maxLength: 3 }),
  open: orNull(fc.constantFrom("disk:gate:a#1", "live:gate:b")),
  compared: fc.constantFrom([], ["live:gate:a", "disk:gate:b#2"]),
});
const keysOf = (some: readonly PageCard[]): string[] => some.map(({ key }) => key);

test("narrowing: each card that is left fits every part of the view, each that is not fails one, and none changes its place", () => {
  fc.assert(
    fc.property(cards, view, (some, looked) => {
      const left = new Set(narrowed(some, looked, NOW));
      expect([...left]).toEqual(some.filter((card) => left.has(card)));
      const terms = parseQuery(looked.query);
      for (const card of some) {
        const fits =
          (looked.verdict === null || card.verdict === looked.verdict) &&
          (looked.actor === null || card.actor.class === looked.actor) &&
          (looked.repository === null || card.repository === looked.repository) &&
          (looked.rule === null || card.reasons.map(({ rule }) => rule).includes(looked.rule)) &&
          (looked.since === null || (card.at_ms !== null && NOW - card.at_ms <= SPANS[looked.since])) &&
          terms.every((term) => matches(card, [term]));
        expect(left.has(card)).toBe(fits);
      }
    }),
    { numRuns: 150 },
  );
});

test("a word finds a card exactly where one of its texts holds it, whatever case it is written in", () => {
  fc.assert(
    fc.property(fc.constantFrom(...CARDS), fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 12 }), fc.boolean(), (card, from, length, upper) => {
      const part = card.title.slice(from, from + length).trim();
      fc.pre(part !== "" && !part.includes(":"));
      expect(matches(card, parseQuery(`"${upper ? part.toUpperCase() : part}"`))).toBe(true);
      expect(matches(card, parseQuery(`"${part}\u0000"`))).toBe(false);
    }),
    { numRuns: 200 },
  );
});

test("only what an earlier search found has to be looked through where the search goes on", () => {
  fc.assert(
    fc.property(view, fc.array(fc.oneof(word, fc.constantFrom(" ", "x", "ag")), { minLength: 1, maxLength: 3 }), (before, typed) => {
      const next = { ...before, query: before.query + typed.join("") };
      if (!narrows(next, before)) return;
      expect(keysOf(narrowed(narrowed(CARDS, before, NOW), next, NOW))).toEqual(keysOf(narrowed(CARDS, next, NOW)));
    }),
    { numRuns: 300 },
  );
  // The rule is of use: a word that grows is looked for in less.
  expect(narrows({ ...PLAIN, query: "parser" }, { ...PLAIN, query: "par" })).toBe(true);
  expect(narrows({ ...PLAIN, query: "actor:agent" }, { ...PLAIN, query: "actor:agen" })).toBe(false);
});

test("an order keeps every card, hangs on nothing but the cards, puts what is missing last, and turned round is the other way among the rest", () => {
  fc.assert(
    fc.property(cards, fc.constantFrom(...SORT_KEYS), fc.constantFrom("down" as const, "up" as const), (some, key, direction) => {
      const there = sorted(some, key, direction);
      expect(new Set(there)).toEqual(new Set(some));
      expect(keysOf(sorted([...some].reverse(), key, direction))).toEqual(keysOf(there));
      const values = there.map((card) => ({ age: card.at_ms, cost: card.whole_micro_usd, time: card.total_us, decision: VERDICTS.length - VERDICTS.indexOf(card.verdict), lines: card.added_lines + card.removed_lines, risk: card.risk })[key]);
      const known = values.filter((value) => value !== null);
      expect(values.slice(0, known.length)).toEqual(known);
      if (key === "risk") return;
      for (const [i, value] of known.entries()) {
        const next = known[i + 1];
        if (next !== undefined) expect(direction === "down" ? value >= next : value <= next).toBe(true);
      }
    }),
    { numRuns: 150 },
  );
});

test("cards of one second stand in the order in which they were decided, whichever way round; what says no place counts as the oldest of them", () => {
  const [first] = CARDS.filter(({ at_ms }) => at_ms !== null) as [PageCard];
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat({ max: 1_000 }), { minLength: 2, maxLength: 20 }), fc.constantFrom("down" as const, "up" as const), (places, direction) => {
      const some = places.map((place) => ({ ...first, place, key: `live:gate:${(place * 7_919) % 1_009}` }));
      const there = sorted([{ ...first, place: null, key: "disk:gate:a#1" }, ...some], "age", direction).map(({ place }) => place);
      const inOrder = [...places].sort((a, b) => a - b);
      expect(there).toEqual(direction === "up" ? [null, ...inOrder] : [...inOrder.reverse(), null]);
    }),
    { numRuns: 100 },
  );
});

test("groups hold every card, those of actors and repositories once; sums are the sums of their cards", () => {
  fc.assert(
    fc.property(cards, fc.constantFrom(...GROUP_KEYS), fc.constantFrom(...SORT_KEYS), (some, by, key) => {
      const groups = grouped(some, by, key, "down");
      expect(new Set(groups.flatMap((group) => group.cards))).toEqual(new Set(some));
      if (by !== "rule") expect(groups.reduce((sum, { sums }) => sum + sums.cards, 0)).toBe(some.length);
      else for (const card of some) expect(groups.filter((group) => group.cards.includes(card)).length).toBe(Math.max(1, new Set(card.reasons.filter(stops).map(({ rule }) => rule)).size));
      for (const { cards: inside, sums } of groups) {
        expect(inside).toEqual(some.filter((card) => inside.includes(card)));
        expect([sums.cards, sums.admit + sums.hold + sums.refuse]).toEqual([inside.length, inside.length]);
        const costs = inside.flatMap(({ whole_micro_usd }) => whole_micro_usd ?? []);
        expect([sums.priced, sums.micro_usd]).toEqual([costs.length, costs.length === 0 ? null : costs.reduce((sum, cost) => sum + cost, 0n)]);
        expect(sums).toEqual(sumsOf([...inside].reverse()));
      }
    }),
    { numRuns: 80 },
  );
});

test("the address gives back the view, and any other address gives the plain one or one that the page can show", () => {
  fc.assert(
    fc.property(view, (looked) => {
      const clean = { ...looked, query: looked.query.toWellFormed() };
      expect(fromFragment(toFragment(clean))).toEqual({ ...clean, unfolded: clean.unfolded.map((name) => name.toWellFormed()) });
    }),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      for (const fragment of [text, `#${text}`, `#?${text}`, `#?sort=${text}&verdict=${text}&q=${text}`]) {
        const looked = fromFragment(fragment);
        expect(SORT_KEYS).toContain(looked.sort);
        expect(narrowed(CARDS.slice(0, 5), looked, NOW).length).toBeLessThanOrEqual(5);
      }
    }),
    { numRuns: 200 },
  );
  // A link's one-time token is no view, and no view is taken for a token.
  expect(fromFragment(`#${"A".repeat(43)}`)).toEqual(PLAIN);
  expect(toFragment({ ...PLAIN, query: "x" })).toBe("#?q=x");
});

test("every hint that is taken finds the cards it was counted for", () => {
  for (const field of FIELD_NAMES) {
    const hints = hintsFor(`${field}:`, CARDS);
    expect(hints.length).toBeGreaterThan(1);
    for (const { query: taken, shown, about } of hints) {
      const found = CARDS.filter((card) => matches(card, parseQuery(taken)));
      if (about !== "0 cards") expect([field, shown, found.length > 0]).toEqual([field, shown, true]);
    }
  }
  expect(hintsFor("speed ru", CARDS).map(({ query: taken }) => taken)).toEqual(["speed rule:"]);
  expect(hintsFor("speed verdict:re", CARDS).map(({ query: taken }) => taken)).toEqual(["speed verdict:refuse "]);
  expect(hintsFor("gate:abc", CARDS)).toEqual([]);
  expect(unknownFields('titel:x rule:a "b:c" gate:abc https://x.example/ Author:"Ada" word: verdict:held')).toEqual(["titel", "Author"]);
  // A decision may be asked for as the badges have it.
  for (const [said, verdict] of [["refused", "refuse"], ["held", "hold"], ["admitted", "admit"]] as const) expect(CARDS.filter((card) => matches(card, parseQuery(`verdict:${said}`)))).toEqual(CARDS.filter((card) => card.verdict === verdict));
  expect(parseQuery(termOf("actor", "Ada \"the\" Example"))).toEqual([{ field: "actor", text: "ada  the  example" }]);
});

test("cards are held once however often they come, the one that knows more is kept, and what says otherwise stands beside", () => {
  fc.assert(
    fc.property(fc.array(cards, { maxLength: 4 }), (parts) => {
      const held = new HeldCards();
      for (const part of parts) held.take(part);
      expect(new Set(keysOf(held.all()))).toEqual(new Set(keysOf(parts.flat())));
      expect(held.size).toBe(new Set(keysOf(parts.flat())).size);
    }),
    { numRuns: 60 },
  );
  const row = CARDS[1] as PageCard;
  const bundle: PageCard = { ...row, at: null, at_ms: null, place: null, total_us: null, whole_micro_usd: null, risk: "high", origin: { kind: "file", file: 1, name: "b", form: "bundle", start: 0, end: 9 } };
  for (const order of [[row, bundle], [bundle, row]]) {
    const held = new HeldCards();
    held.take(order);
    expect(held.all()).toEqual([{ ...bundle, at: row.at, at_ms: row.at_ms, place: row.place, total_us: row.total_us, whole_micro_usd: row.whole_micro_usd }]);
  }
  const held = new HeldCards();
  const other: PageCard["verdict"] = row.verdict === "admit" ? "refuse" : "admit";
  expect(held.take([row, { ...row, verdict: other }])).toEqual({ left_out: 0, disagreeing: [row.key] });
  expect(held.all().map(({ verdict }) => verdict).sort()).toEqual([row.verdict, other].sort());
  expect(fold("\u0041\u030a")).toBe("\u00e5");
});

test("what the daemon lists is not listed out of a file too; another attempt, or what says otherwise, is", () => {
  const live = manyRows(20, NOW).map((row) => cardOfRow(row, { kind: "live" }));
  const disk = manyRows(20, NOW).map((row) => cardOfRow(row, { kind: "file", file: 0, name: "rows.ndjson", form: "row", start: 0, end: 9 }));
  for (const order of [[live, disk], [disk, live]]) {
    const held = new HeldCards();
    for (const part of order) held.take(part);
    expect([held.size, keysOf(held.all()), sumsOf(held.all()).micro_usd]).toEqual([20, keysOf(live), sumsOf(live).micro_usd]);
    expect(held.get(disk[3]?.key ?? "")?.key).toBe(live[3]?.key);
    // Once the daemon has a newer attempt the file's is an earlier one.
    held.take(live.map((card) => ({ ...card, attempt: card.attempt + 1 })));
    expect(held.size).toBe(40);
  }
  const held = new HeldCards();
  held.take(live);
  const lies = disk.map((card): PageCard => ({ ...card, head: "0".repeat(40) }));
  expect([held.take(lies).disagreeing.length, held.size]).toEqual([20, 40]);
  const risky = new HeldCards();
  risky.take([...live, ...disk.map((card): PageCard => ({ ...card, risk: "high" }))]);
  expect([risky.size, new Set(risky.all().map(({ risk }) => risk))]).toEqual([20, new Set(["high"])]);
});

test("a card is found by its key, by its gate alone, and by its attempt wherever it came from; another one never", () => {
  const [row] = manyRows(1, NOW);
  if (row === undefined) throw new Error("no row");
  const file = { kind: "file", file: 0, name: "a", form: "row", start: 0, end: 1 } as const;
  const held = new HeldCards();
  held.take([1, 2].map((attempt) => cardOfRow({ ...row, attempt }, file)));
  for (const name of [row.gate_id, `live:${row.gate_id}`, `disk:${row.gate_id}#2`]) expect([name, held.find(name)?.attempt]).toEqual([name, 2]);
  expect(held.find(`disk:${row.gate_id}#1`)?.attempt).toBe(1);
  for (const name of [`disk:${row.gate_id}#3`, `${row.gate_id}a`, row.gate_id.slice(0, -1), "", "gate:", "constructor"]) expect([name, held.find(name)]).toEqual([name, undefined]);
});

test("a card made of a row is that row again", () => {
  for (const row of manyRows(30, NOW)) expect(rowOfCard(cardOfRow(row, { kind: "live" }))).toEqual(row);
});
