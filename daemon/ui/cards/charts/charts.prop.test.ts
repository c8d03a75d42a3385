import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { quantileAt, ticks, total, type Bars, type Charted } from "./bars.ts";
import { costPerChange, costText, shortText, usdText } from "./costs.ts";
import { timeToRelease } from "./release.ts";
import { refusalsPerRule } from "./rules.ts";
import { decisionsOverTime } from "./time.ts";

const RULES = Array.from({ length: 25 }, (_, i) => `rule.${String.fromCharCode(97 + i)}`);
const verdict = fc.constantFrom("admit", "hold", "refuse");
const moment = fc.oneof(fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2026, 11) }), fc.integer({ min: Date.UTC(2026, 10, 1), max: Date.UTC(2026, 10, 20) }), fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_000 }));
const iso = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");
const card = fc.record({
  at_ms: fc.option(moment),
  verdict,
  reasons: fc.array(fc.record({ rule: fc.constantFrom(...RULES), check: fc.constant(null), effect: fc.constantFrom("refuse", "hold", "note"), observed: fc.boolean(), because: fc.constant(""), path: fc.constant(null) }), { maxLength: 5 }),
  whole_micro_usd: fc.option(fc.oneof(fc.bigInt({ min: 0n, max: 5_000_000n }), fc.bigInt({ min: 0n, max: 10n ** 37n }))),
  held_at: fc.option(moment.map(iso)),
  released: fc.array(fc.record({ kind: fc.constantFrom("approve", "override"), person: fc.constant("a@b.example"), at: moment.map(iso) }), { maxLength: 2 }),
});
const cards = fc.array(card, { maxLength: 80 });

const counted = ({ bars }: Bars): number => total(bars.map(({ counts }) => total(counts)));
const partOf = ({ bars, parts }: Bars, fill: string): number => total(bars.map(({ counts }) => counts[parts.findIndex((part) => part.fill === fill)] ?? 0));

describe("every card is counted once, or said to be left out", () => {
  test("decisions over time", () => {
    fc.assert(
      fc.property(cards, (all) => {
        const chart = decisionsOverTime(all, NOW);
        const dated = all.filter(({ at_ms }) => at_ms !== null && at_ms <= NOW + 86_400_000);
        const undated = all.filter(({ at_ms }) => at_ms === null).length;
        expect(chart.bars.length).toBeLessThanOrEqual(62);
        for (const fill of ["admit", "hold", "refuse"] as const) expect(partOf(chart, fill)).toBe(dated.filter((one) => one.verdict === fill).length);
        expect(chart.remarks.some((text) => text.includes("without a time") && text.startsWith(`${undated} card`))).toBe(undated > 0);
        const ahead = all.length - undated - dated.length;
        expect(chart.remarks.some((text) => text.includes("in the future") && text.startsWith(`${ahead} card`))).toBe(ahead > 0);
      }),
    );
  });

  test("refusals by rule: pairs of card and rule, and those without a rule", () => {
    fc.assert(
      fc.property(cards, (all) => {
        const refused = all.filter((one) => one.verdict === "refuse").map(({ reasons }) => new Set(reasons.filter(({ effect, observed }) => effect === "refuse" && !observed).map(({ rule }) => rule)).size);
        const chart = refusalsPerRule(all);
        expect(counted(chart)).toBe(total(refused.map((rules) => Math.max(1, rules))));
        expect(chart.bars.length).toBeLessThanOrEqual(17);
        const named = chart.bars.slice(0, 15).filter(({ name }) => name.startsWith("rule.")).map(({ counts }) => counts[0] ?? 0);
        expect(named).toEqual(named.toSorted((a, b) => b - a));
      }),
    );
  });

  test("cost per change: the bins hold what was reported, the marks stand where that many are cheaper", () => {
    fc.assert(
      fc.property(cards, (all) => {
        const chart = costPerChange(all);
        const known = all.flatMap(({ whole_micro_usd: cost }) => (cost === null ? [] : [cost])).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
        expect(counted(chart)).toBe(known.length);
        expect(chart.remarks.join(" ").includes("no cost is known")).toBe(known.length < all.length);
        chart.marks.forEach(({ label, bar }, i) => {
          const share = [0.5, 0.95][i] ?? 0;
          const cost = known[quantileAt(known.length, share)] ?? 0n;
          expect(label.endsWith(` ${shortText(cost)}`)).toBe(true);
          const cumulated = total(chart.bars.slice(0, bar + 1).map(({ counts }) => counts[0] ?? 0));
          expect(cumulated).toBeGreaterThanOrEqual(Math.ceil(share * known.length));
          expect(cumulated - (chart.bars[bar]?.counts[0] ?? 0)).toBeLessThan(Math.ceil(share * known.length));
        });
        const sum = known.reduce((all_of_it, cost) => all_of_it + cost, 0n);
        if (known.length > 0) expect(chart.remarks[0]).toContain(`, ${costText(sum)} in all.`);
        expect([...chart.bars.map(({ label }) => label), ...chart.marks.map(({ label }) => label.slice(4))].every((label) => label.length <= 10)).toBe(true);
      }),
    );
  });

  test("time to release", () => {
    fc.assert(
      fc.property(cards, (all) => {
        const chart = timeToRelease(all);
        expect(counted(chart)).toBe(all.filter(({ held_at, released }) => held_at !== null && released.length > 0).length);
      }),
    );
  });
});

const NOW = Date.UTC(2026, 10, 22, 12);
const plain = (change: Partial<Charted>): Charted => ({ at_ms: Date.UTC(2026, 10, 22, 10), verdict: "refuse", reasons: [], whole_micro_usd: null, held_at: null, released: [], ...change });

describe("what a person reads", () => {
  test("no card and one card", () => {
    for (const chart of [decisionsOverTime([], NOW), refusalsPerRule([]), costPerChange([]), timeToRelease([])]) expect(chart.bars).toEqual([]);
    expect(decisionsOverTime([plain({})], NOW).bars).toEqual([{ label: "11-22", name: "2026-11-22", counts: [1, 0, 0] }]);
    expect(costPerChange([plain({ whole_micro_usd: 180_000n })])).toMatchObject({ bars: [{ label: "$0.10", name: "$0.10 to less than $0.20", counts: [1] }], marks: [{ label: "p50 $0.18", bar: 0 }, { label: "p95 $0.18", bar: 0 }], remarks: ["1 change, $0.18 in all."] });
  });

  test("days without a decision are bars too; a longer time has weeks from Monday, months, years", () => {
    const over = (...days: string[]) => decisionsOverTime(days.map((day) => plain({ at_ms: Date.parse(`${day}T12:00:00Z`) })), NOW);
    expect(over("2026-11-20", "2026-11-22").bars.map(({ counts }) => total(counts))).toEqual([1, 0, 1]);
    expect(over("2026-08-05", "2026-11-22").bars[0]).toMatchObject({ name: "week from 2026-08-03" });
    expect(over("2024-02-29", "2026-11-22").bars[0]).toMatchObject({ name: "2024-02" });
    expect(over("1999-12-31", "2026-11-22").bars.map(({ name }) => name).slice(0, 2)).toEqual(["1999", "2000"]);
    const wrong = over("0001-01-01", "2026-11-22");
    expect([wrong.bars.length, wrong.bars[0]?.name, wrong.remarks]).toEqual([62, "until 1965", ["The first bar also holds 1 card from before it."]]);
  });

  test("a cost reads the same in the list, the drawing and the sum: up to the next cent, with separators; less than a cent to its last digit", () => {
    for (const [micro_usd, text] of [[0n, "$0"], [7n, "$0.000007"], [9_999n, "$0.009999"], [10_000n, "$0.01"], [90_000n, "$0.09"], [1_200_001n, "$1.21"], [55_690_000_000n, "$55,690.00"]] as const) expect(costText(micro_usd)).toBe(text);
    for (const [dollars, text] of [[9_999n, "$9,999.00"], [10_000n, "$10k"], [100_000n, "$100k"], [50_000_000n, "$50M"], [10n ** 31n, "$1e31"]] as const) expect(shortText(dollars * 1_000_000n)).toBe(text);
    expect(usdText(1_234_567_890_123n)).toBe("$1,234,567.890123");
  });

  test("one odd card spoils no chart: a date to come and one long gone, a cost beyond all others", () => {
    const days = Array.from({ length: 100 }, (_, i) => plain({ at_ms: NOW - i * 600_000 * 60 }));
    const dates = decisionsOverTime([...days, plain({ at_ms: Date.UTC(2099, 0) }), plain({ at_ms: 0 })], NOW);
    expect([dates.title, dates.bars.length, dates.remarks]).toEqual(["Decisions by day", 62, ["1 card is dated in the future and is not in it.", "The first bar also holds 1 card from before it."]]);
    const costs = costPerChange([...Array.from({ length: 100 }, (_, i) => plain({ whole_micro_usd: BigInt(1 + i) * 20_000n })), plain({ whole_micro_usd: 10n ** 37n })]);
    expect([costs.bars.map(({ label }) => label), costs.remarks[1]]).toEqual([["$0.02", "$0.05", "$0.10", "$0.20", "$0.50", "$1", "$2"], expect.stringMatching(/^The last bar also holds 1 change that cost/)]);
  });

  test("what is not known is not free, and free is not nothing", () => {
    const { bars, remarks } = costPerChange([plain({}), plain({}), plain({ whole_micro_usd: 0n }), plain({ whole_micro_usd: 7n })]);
    expect(bars).toEqual([{ label: "$0", name: "$0", counts: [1] }, { label: "$0.000005", name: "$0.000005 to less than $0.00001", counts: [1] }]);
    expect(remarks).toEqual(["2 changes, $0.000007 in all.", "Of 2 changes no cost is known; they are not in it, and not free."]);
  });

  test("a rule that only observes refused nothing; one card under two rules counts under each, and that is said", () => {
    const reason = (rule: string, observed = false) => ({ rule, check: null, effect: "refuse", observed, because: "", path: null }) as const;
    const { bars, remarks } = refusalsPerRule([plain({ reasons: [reason("a.b"), reason("a.b"), reason("c.d")] }), plain({ reasons: [reason("e.f", true), reason("a.b")] }), plain({ verdict: "hold", reasons: [reason("g.h")] })]);
    expect(bars.map(({ name, counts }) => [name, counts[0]])).toEqual([["a.b", 2], ["c.d", 1]]);
    expect(remarks).toEqual(["1 card was refused by more than one rule and counts under each."]);
  });

  test("what waits is not in the time to release, and what two people released counts from the later", () => {
    const release = (at: string) => ({ kind: "override", person: "a@b.example", at }) as const;
    const chart = timeToRelease([plain({ verdict: "admit", held_at: "2026-11-22T10:00:00Z", released: [release("2026-11-22T10:02:00Z"), release("2026-11-22T12:00:00Z")] }), plain({ verdict: "hold", held_at: "2026-11-22T10:00:00Z" })]);
    expect(chart.bars.filter(({ counts }) => counts[0] !== 0)).toEqual([{ label: "1 h", name: "1 h to less than 4 h", counts: [1] }]);
    expect([chart.marks[0]?.label, chart.remarks]).toEqual(["p50 2.0 h", ["1 held change is not released and not in it."]]);
  });

  test("ticks are whole, begin at nothing, and reach what is counted", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), (max) => {
        const all = ticks(max);
        expect([all[0], all.every(Number.isInteger), (all.at(-1) ?? 0) >= max, all.length <= 7]).toEqual([0, true, true, true]);
      }),
    );
  });
});
