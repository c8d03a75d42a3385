/** docs/faults.md and docs/durability.md name tests; the names must be there. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./sources.ts";

interface Named {
  readonly file: string;
  readonly name: string;
}

const named = (document: string): Named[] => [...document.matchAll(/`([\w./-]+\.ts)` "([^"]*)"/g)].map(([, file = "", name = ""]) => ({ file, name }));
const missing = (all: readonly Named[]): Named[] => all.filter(({ file, name }) => !existsSync(join(ROOT, file)) || !readFileSync(join(ROOT, file), "utf8").includes(name));

test("every test that the fault table names is there", () => {
  const table = named(readFileSync(join(ROOT, "docs/faults.md"), "utf8"));
  expect(table.length).toBeGreaterThan(30);
  expect(missing(table)).toEqual([]);
});

test("every fault has a test, or says that its part is not built yet", () => {
  const rows = readFileSync(join(ROOT, "docs/faults.md"), "utf8").split("\n").filter((line) => /^\| \d+ \|/.test(line));
  expect(rows.length).toBe(33);
  expect(rows.filter((row) => named(row).length === 0 && !row.includes("not built yet"))).toEqual([]);
});

test("canary: a name that is not there is missed", () => {
  expect(missing([{ file: "daemon/house/faults.test.ts", name: ["no such", "test"].join(" ") }, { file: "daemon/gone.test.ts", name: "" }])).toHaveLength(2);
});
