/** Which attempt the daemon is asked about, and what is not taken for it. */
import { expect, test } from "bun:test";
import { manyRows } from "../../testing/rows.ts";
import { cardOfRow } from "../model.ts";
import { askedAs, ofAnother } from "./findings.ts";

const [given] = manyRows(1, Date.parse("2026-11-22T08:30:00Z"));
const row = cardOfRow(given!, { kind: "live" });

test("a card is asked about by its bundle's digest, which means that very attempt; without a proof by its gate, whose newest attempt comes", () => {
  const proof = { bundle_sha256: "ab".repeat(32) };
  expect([askedAs({ row, proof }), askedAs({ row, proof: null })]).toEqual([`sha256:${"ab".repeat(32)}`, row.gate_id]);
});

test("what is of another attempt or gate is not shown as this one's", () => {
  const gate_id = row.gate_id ?? "";
  expect(ofAnother({ gate_id, attempt: row.attempt }, row)).toBeNull();
  expect(ofAnother({ gate_id, attempt: row.attempt + 1 }, row)).toContain(`This card is attempt ${row.attempt}, and the daemon gave the findings of attempt ${row.attempt + 1}`);
  expect(ofAnother({ gate_id: "gate:other", attempt: row.attempt }, row)).toContain("another gate");
});
