import { describe, expect, test } from "bun:test";
import type { CardRow } from "../../../../proto/cards.ts";
import { asLines, manyRows } from "../../testing/rows.ts";
import { TEMPLATES } from "../keeping/templates.ts";
import type { Ran, Source } from "./protocol.ts";
import { Runner } from "./worker.ts";

const NOW_MS = Date.parse("2026-11-22T08:30:00Z");
const rows = manyRows(600, NOW_MS);

async function ran(text: string, source: Source): Promise<Ran> {
  let found: Ran | null = null;
  await new Runner((reply) => void ("ran" in reply && (found = reply.ran))).answer({ ask: "run", id: 1, text, beside: [], source });
  if (found === null) throw new Error("it was not run");
  return found;
}

const costs = (row: CardRow): number => (row.cost.whole_micro_usd === null ? 0 : Number(row.cost.whole_micro_usd));
const rule = (when: string): string => `id: A.B\nscope: s\nwhen: [{event: change_decided}]\nassert:\n  - expr: ${JSON.stringify(when)}\n    message: '{{gate_id}} cost {{cost}}'\n`;

describe("a rule against recorded changes", () => {
  test("would have fired as often as the rows say, from the daemon and from the same rows as lines of a file", async () => {
    const dear = rows.filter((row) => row.verdict === "refuse" && costs(row) > 2_000_000);
    expect(dear.length).toBeGreaterThan(10);
    const text = rule("decision != 'refuse' || !has(cost) || cost <= 2.00");
    for (const source of [{ name: "live", rows }, { name: "file", blob: new Blob([asLines(rows)]) }]) {
      const { events, about, fired, fires, wrong } = await ran(text, source);
      expect([source.name, events, about, fired, wrong]).toEqual([source.name, rows.length, rows.length, dear.length, 0]);
      expect(fires.map(({ card }) => card?.gate_id)).toEqual(dear.toReversed().map(({ gate_id }) => gate_id));
      expect(fires[0]?.message).toMatch(/ cost [23]\.[0-9]{2,6}$/);
    }
  });

  test("a formula about time takes rows in time, though they come newest first", async () => {
    const text = "id: A.RATE\nscope: s\nwhen: [{event: change_decided}]\nper: repository\nkeys_max: 100\ntemporal:\n  - formula: count(change_decided where decision == 'refuse') in 1d <= 2\n";
    const { fired, window, formulas, untold } = await ran(text, { name: "live", rows });
    const times = Map.groupBy(rows.filter(({ verdict }) => verdict === "refuse"), ({ repository }) => repository);
    const over = [...times.values()].some((own) => own.some(({ at }) => own.filter((one) => Date.parse(one.at) <= Date.parse(at) && Date.parse(one.at) >= Date.parse(at) - 86_400_000).length > 2));
    expect([fired > 0, formulas[0]?.verdict, untold]).toEqual([over, over ? "violated" : "kept", []]);
    expect(window).toEqual({ from: rows.at(-1)?.at ?? "", to: rows[0]?.at ?? "" });
  });

  test("a cost that nobody reported is missing, not nothing: the template asks for it first", async () => {
    const unknown = rows.filter((row) => row.cost.whole_micro_usd === null).length;
    expect((await ran(rule("cost >= 0.00"), { name: "live", rows })).fired).toBe(unknown);
    expect((await ran(TEMPLATES[0]?.text.replace("5.00", "4.00") ?? "", { name: "live", rows })).fired).toBe(rows.filter((row) => costs(row) > 4_000_000).length);
  });
});
