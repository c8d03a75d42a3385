import { expect, test } from "bun:test";
import { cardOfRow } from "../../cards/model.ts";
import { fromFragment } from "../../cards/view.ts";
import { manyRows } from "../../testing/rows.ts";
import { cardHref } from "./parts.ts";

test("the address of a card is the one at which the cards page opens that very card", () => {
  for (const row of manyRows(3, Date.parse("2026-11-22T08:30:00Z"))) {
    const address = new URL(cardHref(row.gate_id), "http://127.0.0.1:1");
    expect([address.pathname, fromFragment(address.hash).open]).toEqual(["/cards", cardOfRow(row, { kind: "live" }).key]);
  }
});
