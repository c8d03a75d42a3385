/** Whose a gate is that an answer names: asked of what is on record, not of the handler that found it. */
import { expect, test } from "bun:test";
import type { RouteName } from "../../proto/routes.ts";
import type { GateRow } from "../store/gates.ts";
import { Guards } from "./guards.ts";
import { RequestGuard, type Asked } from "./requests.ts";
import { shippedDocuments } from "./shipped.ts";

const ROW = { gate_id: "gate:a", repo_id: "local:web:demo", head: "1".repeat(40), owner_uid: 7, owner_tenant: "web" };
const rows = new Map([["gate:a", ROW], ["gate:b", { ...ROW, repo_id: "forge/lib" }]]);
const guard = () => new RequestGuard(new Guards(shippedDocuments()), {}, (gate_id) => rows.get(gate_id) as GateRow | undefined);
const asked = (change: Partial<Asked> = {}, route: RouteName = "findings"): Asked => ({
  route, access: "findings", once: false, role: "gate", uid: 8, tenant: "web", verbs: ["read"], params: {}, body: undefined,
  reader: { mayUse: () => false, bound_head: "" }, ...change,
});
const shown = (answer: unknown, change: Partial<Asked> = {}, route?: RouteName): string => {
  try {
    guard().after(asked(change, route), answer);
    return "shown";
  } catch (error) {
    return String(error);
  }
};

test("a tenant is shown its own, what the operator let it name, and the commit of its token", () => {
  const reader = { mayUse: (repo_id: string) => repo_id === "forge/lib", bound_head: ROW.head };
  expect([shown({ gate_id: "gate:a", attempt: 1 }), shown({ gate_id: "gate:b" }, { reader, tenant: "lib" }), shown({ entries: [{ gate_id: "gate:a" }] }, { reader }, "feed")]).toEqual(["shown", "shown", "shown"]);
  // Progress, and lineage of what is no gate, name none; whoever runs the daemon reads all.
  expect([shown({ event: "progress" }, {}, "gate"), shown({ gate_id: null }, {}, "lineage"), shown("text"), shown({ gate_id: "gate:gone" }, { tenant: "" })]).toEqual(["shown", "shown", "shown", "shown"]);
});

test("attack: a handler that forgot to ask shows another tenant's gate, one of many in a page, a token another commit, or one that nobody knows", () => {
  const reader = { mayUse: () => false, bound_head: "9".repeat(40) };
  const refused = [shown({ gate_id: "gate:a" }, { tenant: "lib" }), shown({ entries: [{ gate_id: "gate:b" }, { gate_id: "gate:a" }] }, {}, "feed"), shown({ rows: [{ gate_id: "gate:a" }] }, { tenant: "lib" }, "cards"), shown({ gate_id: "gate:a" }, { reader }), shown({ gate_id: "gate:gone" }), shown({ gate_id: ["gate:a"] }, { tenant: "lib" }), shown({ gate_id: 7 })];
  expect(refused.filter((said) => !said.includes("INV.TENANT.READS"))).toEqual([]);
  // Whose it is, is nobody's to learn from the refusal.
  expect(refused.filter((said) => said.includes("web"))).toEqual([]);
});
