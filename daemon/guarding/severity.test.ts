import { expect, test } from "bun:test";
import type { InvariantDocument } from "../../proto/invariant.ts";
import { readEvents } from "../invariants/index.ts";
import type { Finding } from "../invariants/monitor/monitor.ts";
import { Watch } from "../invariants/monitor/watch.ts";
import { Guards } from "./guards.ts";

test("a rule that says no severity has one and the same, asked of one event or of events in time", () => {
  const document: InvariantDocument = { id: "T.SAME", scope: "s", when: [{ event: "call" }], assert: [{ expr: "n < 1" }], temporal: [{ formula: "never call where n > 0" }] };
  const guards = new Guards({ documents: [document], events: readEvents({ events: { call: { fields: { n: "int" } } } }, () => undefined) });
  const found: Finding[] = [];
  const compiled = guards.byId("T.SAME");
  const watch = new Watch({ invariants: compiled === null ? [] : [compiled], reorder_ms: 0, waiting_max: 10, report: (finding) => found.push(finding) });
  watch.tick({ wall_ms: 0, steady_ms: 0 });
  watch.offer({ at_ms: 0, source: "s", seq: 0, event: "call", fields: { n: 2 } });
  watch.tick({ wall_ms: 1_000, steady_ms: 1_000 });
  expect([...found.map(({ severity }) => severity), ...guards.judge("call", { n: 2 }).map(({ severity }) => severity)]).toEqual(["high", "high"]);
});
