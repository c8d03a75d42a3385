/** A market that cannot hold what it promises is refused when the file is read, with the line and what to write instead. */
import { expect, test } from "bun:test";
import { parseHostConfig, resolveHost } from "./host.ts";

const read = (market: string) => parseHostConfig(new TextEncoder().encode(`version: 1\ntrust_domain: t\nmodes: [local]\ntenants:\n- {id: web, uids: [1], budget: {window: hour, usd_micro: 3600}}\n- {id: lib, uids: [2]}\nmarket: ${market}\n`), "m.yaml");
const refusal = (market: string): string => {
  try {
    read(market);
    return "taken";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};
const DOLLARS = "resources: [{resource: usd_micro, capacity: 100, price_max: 0.5}]";

test("what the file leaves out has its default", () => {
  expect(resolveHost(read(`{${DOLLARS}, tenants: [{id: lib, floor: 0.5, demand: {usd_micro: 100}}]}`)).market).toEqual({
    slot_s: 10, method: "adagrad", step_max: 0.25, window_slots: 360, resources: [{ resource: "usd_micro", capacity: 100, price_max: 0.5 }], tenants: [{ id: "lib", floor: 0.5, ceiling: 1, demand: { usd_micro: 100 } }],
  });
});

test("attack: promises that cannot hold together are no configuration", () => {
  expect(refusal(`{${DOLLARS}, tenants: [{id: lib, floor: 0.6, demand: {usd_micro: 100}}, {id: web, floor: 0.1, ceiling: 0.05, demand: {usd_micro: 100}}]}`)).toContain("m.yaml:7: market.tenants: tenant web: its floor 0.1 takes 10 of usd_micro a slot, its ceiling 0.05 leaves 5; lower the floor to 0.05 or raise the ceiling");
  expect(refusal(`{${DOLLARS}, tenants: [{id: lib, floor: 1.0, demand: {usd_micro: 101}}]}`)).toContain("its floor 1 takes 101 of usd_micro a slot");
  expect(refusal(`{${DOLLARS}, tenants: [{id: web, floor: 0.2, demand: {usd_micro: 100}}]}`)).toContain("its budget comes to 10; lower the floor to 0.1 or raise the budget");
  expect(refusal(`{${DOLLARS}, tenants: [{id: lib, floor: 0.2}]}`)).toContain("market.tenants.0.demand: a floor needs what lib asks for in one slot; add usd_micro");
  expect(refusal(`{${DOLLARS}, tenants: [{id: nobody}]}`)).toContain("market.tenants.0.id: there is no tenant nobody");
  expect(refusal(`{${DOLLARS}, tenants: [{id: lib, ceiling: 0.001}]}`)).toContain("market.tenants.0.ceiling: 0.001 of 100 usd_micro a slot is less than one");
  expect(refusal("{resources: [{resource: tokens, capacity: 1, price_max: 1e7}]}")).toContain("market.resources.0.price_max");
  expect(refusal("{resources: [{resource: tokens, capacity: 1, price_max: 1}, {resource: tokens, capacity: 2, price_max: 1}]}")).toContain("market.resources.1.resource: tokens stands there twice");
});

test("attack: floors that take a fraction of a unit, or more digits than are shown: what the refusal says to write instead is taken", () => {
  for (const [capacity, demand] of [[100, 123], [1_000_000, 1_234_567], [7, 9], [123_456_788, 987_654_321]] as const) {
    const market = (most: number, floor: number): string => `{resources: [{resource: usd_micro, capacity: ${most}, price_max: 0.5}], tenants: [{id: lib, floor: ${floor}, demand: {usd_micro: ${demand}}}]}`;
    const floor = 0.9999;
    expect(refusal(market(capacity, floor))).toContain("lower the floor to ");
    expect(refusal(market(capacity, Number(/lower the floor to ([0-9.]+)/.exec(refusal(market(capacity, floor)))?.[1])))).toBe("taken");
  }
  const four = "{resources: [{resource: usd_micro, capacity: 1234564, price_max: 0.5}], tenants: [{id: lib, floor: 0.5, demand: {usd_micro: 2469127}}, {id: web, floor: 0.002, demand: {usd_micro: 1000}}]}";
  const [, capacity] = /raise the capacity to ([0-9.e+]+)/.exec(refusal(four)) ?? [];
  expect([capacity, refusal(four.replace("1234564", capacity ?? ""))]).toEqual(["1234566", "taken"]);
});
