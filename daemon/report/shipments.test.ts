/** Figures of releases of artifacts, worked out by hand; nothing is zero that nobody asked for. */
import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { Kpi } from "../../proto/report-kpi.ts";
import { SHIP_REFUSALS } from "../../proto/shipping.ts";
import type { AskedShipment } from "../store/shipment-index.ts";
import { shipmentKpis } from "./shipments.ts";

const asked = (refused: AskedShipment["refused"], provenance = false): AskedShipment => ({ at_s: 1, repo_id: "acme/app", head: "a".repeat(40), owner_uid: 7, refused, provenance });
const figures = (all: readonly AskedShipment[]) => shipmentKpis(all).map(({ id, n, value, unmeasured, parts }) => [id, n, value, unmeasured === null ? "measured" : "unmeasured", ...parts.map(({ name, value: count }) => `${name} ${count}`)]);

test("of five that were asked for two were released, one of them with provenance; each refusal is counted by what was wrong", () => {
  expect(figures([asked(null, true), asked("commits.uncovered"), asked(null), asked("commits.uncovered"), asked("range.no_line")])).toEqual([
    ["artifacts.released", 5, "2", "measured"],
    ["artifacts.refused", 5, "60000", "measured", "range.no_line 1", "commits.uncovered 2"],
    ["provenance.coverage", 2, "50000", "measured", "with_provenance 1"],
  ]);
});

test("where nobody asked there is no figure, and where everything was refused nothing was released", () => {
  expect(figures([]).map(([, , value, how]) => [value, how])).toEqual(Array.from({ length: 3 }, () => [null, "unmeasured"]));
  expect(figures([asked("range.unreadable")]).map(([id, , value]) => [id, value])).toEqual([["artifacts.released", "0"], ["artifacts.refused", "100000"], ["provenance.coverage", null]]);
  for (const kpi of shipmentKpis(SHIP_REFUSALS.map((cause) => asked(cause)))) expect(Value.Check(Kpi, kpi)).toBe(true);
});
