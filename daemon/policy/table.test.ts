import { expect, test } from "bun:test";
import { readBundle, ruleTable } from "./index.ts";

const DEFAULT = new URL("../../policies/default/bundle.tar.gz", import.meta.url);

test("the default policy shows what each of its forty-six rules leads to", async () => {
  const table = ruleTable(readBundle(await Bun.file(DEFAULT).bytes(), "default").data);
  expect(table.size).toBe(46);
  expect(table.get("ci.changed")).toEqual({ effects: { human: "pass", agent: "hold", bot: "pass", unknown: "hold" }, mode: "enforce" });
});

test.each([[{}], [null], [{ maestro: { table: { rules: { "a.b": { effects: {} } } } } }]])("a policy in another form shows nothing: %j", (data) => {
  expect(ruleTable(data).size).toBe(0);
});
