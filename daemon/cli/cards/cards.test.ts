/** Which rows somebody asked for, in what order, and how they stand in a terminal. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { CardRow } from "../../../proto/cards.ts";
import { activeCharacters, anyText, commandLines } from "../card/testing/hostile.ts";
import { times } from "../../testing/scale.ts";
import { fits, found, sorted, SORTS } from "./reading.ts";
import { listingText } from "./text.ts";

function row(place: number, change: Partial<CardRow> = {}, micro_usd: string | null = null): CardRow {
  return {
    v: 1, place, gate_id: `gate:${place}`, attempt: 1, at: new Date(1_790_000_000_000 + place * 1000).toISOString().replace(".000", ""), verdict: "refuse", mode: "local", repository: "acme/app", target_ref: "refs/heads/main", head: place.toString(16).padStart(40, "0"),
    title: "a change", actor: { class: "agent", name: "a", agent: null }, files: 1, added_lines: 1, removed_lines: 0, policy: "default",
    reasons: [{ rule: "secret.token", check: "secrets", effect: "refuse", observed: false, because: "a credential", path: "a.ts" }, { rule: "size.large", check: "size", effect: "note", observed: false, because: "large", path: null }], counts: { refuse: 1, hold: 0, observed: 0, note: 1 },
    checks: { asked: 1, required: 1, failed: 1, unavailable: [] }, cost: { reported_micro_usd: micro_usd, whole_micro_usd: micro_usd }, total_us: 1, held_at: null, released: [], ...change,
  };
}

const WANTED = { from_s: null, verdict: null, actor: null, repository: null, rule: null };
const text = (rows: readonly CardRow[], sort: (typeof SORTS)[number] = "cost", shown_max = 20): string => listingText({ rows, looked: rows.length, shown_max, sort, when: "in the last 7d", filter: "refused" }, { ascii: false });

test("the costliest first; what nobody reported is last, and never nothing", () => {
  const rows = [row(4, {}, null), row(3, {}, "0"), row(2, {}, "9007199254740993000"), row(1, {}, "9007199254740993001"), row(0, {}, null)];
  expect(sorted(rows, "cost").map(({ place }) => place)).toEqual([1, 2, 3, 4, 0]);
  expect(text(sorted(rows, "cost"))).toContain("! of 2 nobody reported a cost: they come last");
  expect(text([row(1, {}, null)])).toContain("not reported");
  expect(text([row(1, {}, "0")])).toContain("$0.00");
});

test("a path with a line feed, and one with a backslash and an n, are two in the list", () => {
  const at = (path: string): string => text([row(1, { reasons: [{ rule: "secret.token", check: "secrets", effect: "refuse", observed: false, because: "a credential", path }] })]);
  expect(at("src/a\nb.ts")).toContain('a credential ("src/a\\nb.ts")');
  expect(at("src/a\\nb.ts")).toContain('a credential ("src/a\\\\nb.ts")');
  expect(at("src/a.ts")).toContain("a credential (src/a.ts)");
});

test("a sort is of the same rows, stable in its measure, whatever they are", () => {
  const any = fc.uniqueArray(fc.record({ place: fc.nat(1000), total_us: fc.nat(5), usd: fc.option(fc.nat(5).map(String)) }), { maxLength: 40, selector: ({ place }) => place });
  fc.assert(fc.property(any, fc.constantFrom(...SORTS), (all, sort) => {
    const rows = all.map(({ place, total_us, usd }) => row(place, { total_us }, usd));
    const once = sorted(rows, sort);
    expect(once.toSorted((a, b) => a.place - b.place)).toEqual(rows.toSorted((a, b) => a.place - b.place));
    expect(sorted(once, sort)).toEqual(once);
  }), { numRuns: times(100) });
});

test("by verdict, actor, repository and rule; a note is no rule that stopped it", () => {
  const one = row(1);
  expect([fits(one, WANTED), fits(one, { ...WANTED, verdict: "refuse", actor: "agent", repository: "acme/app", rule: "secret.token" })]).toEqual([true, true]);
  expect([{ verdict: "hold" as const }, { actor: "human" as const }, { repository: "acme" }, { rule: "size.large" }, { rule: "secret" }].map((other) => fits(one, { ...WANTED, ...other }))).toEqual([false, false, false, false, false]);
});

test("pages are read until the time that was asked for, and no further", async () => {
  const asked: (number | string)[] = [];
  const client = { cards: (before: number | "newest") => {
    asked.push(before);
    const from = before === "newest" ? 9 : Number(before) - 1;
    const rows = [row(from), row(from - 1)];
    return Promise.resolve({ rows, next: from - 1 > 0 ? from - 1 : null, newest: 10 });
  } };
  const { rows, looked } = await found(client, { ...WANTED, from_s: 1_790_000_006 });
  expect([rows.map(({ place }) => place), looked, asked]).toEqual([[9, 8, 7, 6], 4, ["newest", 8, 6]]);
  expect((await found(client, WANTED)).looked).toBe(10);
  // All of a page may be others' gates.
  let pages = 0;
  const others = { cards: () => Promise.resolve({ rows: [], next: 5, newest: 10, reached: `2026-09-2${9 - ++pages}T00:00:00Z` }) };
  expect([await found(others, { ...WANTED, from_s: Date.parse("2026-09-26T12:00:00Z") / 1000 }), pages]).toEqual([{ rows: [], looked: 0 }, 3]);
});

test("attack: nothing a change wrote acts on a terminal or a build host", () => {
  fc.assert(fc.property(anyText, (hostile) => {
    const one = row(1, { title: hostile, repository: hostile, verdict: "refuse", reasons: [{ rule: "secret.token", check: null, effect: "refuse", observed: false, because: hostile, path: hostile }], released: [{ kind: "approve", person: hostile, at: "2026-11-22T10:00:00Z" }] });
    const shown = text([one]);
    expect(activeCharacters(shown.replaceAll("\n", ""))).toEqual([]);
    expect(shown.split("\n").flatMap(commandLines)).toEqual([]);
    expect(shown.split("\n").length).toBe(text([row(1, { released: one.released })]).split("\n").length);
  }), { numRuns: times(300) });
});

test("what is not shown is counted", () => {
  expect(text([row(1), row(2), row(3)], "newest", 2)).toContain("1 more; --limit shows more of them");
  expect(text([])).toContain("\n  none");
});
