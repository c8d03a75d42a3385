import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { built } from "./built.ts";

const cache = mkdtempSync(join(tmpdir(), "maestro-built-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

test("a tool is made once, whole, and found again; of two that make it at once both get it", async () => {
  let made = 0;
  const recipe = { name: "some/tool", version: "v1", program: "tool", make: async (folder: string) => writeFileSync(join(folder, "tool"), String(++made)) };
  const both = await Promise.all([built(recipe, cache), built(recipe, cache)]);
  const again = await built(recipe, cache);
  expect(new Set([...both, again].map(({ path }) => path())).size).toBe(1);
  expect(readFileSync(again.path(), "utf8")).toBe(readFileSync(both[0].path(), "utf8"));
  expect(made).toBeLessThanOrEqual(2);
  expect(readdirSync(cache)).toEqual(["some_tool-v1"]);
});

test("a build that failed, or left no program, leaves nothing and is said by whoever asks for the tool", async () => {
  const failed = await built({ name: "broken", version: "v1", program: "tool", make: () => Promise.reject(new Error("no compiler")) }, cache);
  expect(() => failed.path()).toThrow("broken is needed: no compiler");
  const empty = await built({ name: "empty", version: "v1", program: "tool", make: async () => undefined }, cache);
  expect(() => empty.path()).toThrow("making it left no tool");
  expect(readdirSync(cache)).toEqual(["some_tool-v1"]);
});

test("a registry that did not answer is asked once more, and said to be the cause; a build that is wrong is not built twice", async () => {
  const folder = mkdtempSync(join(tmpdir(), "maestro-built-"));
  try {
    const tool = { name: "tool", version: "v1" };
    const silent = 'dial tcp: lookup registry.example on 127.0.0.1:53: no such host';
    let asked = 0;
    const late = await built({ ...tool, program: "tool", make: async (to) => (asked++ === 0 ? Promise.reject(new Error(silent)) : writeFileSync(join(to, "tool"), "")) }, folder, 0);
    expect([late.path().endsWith("tool-v1/tool"), asked]).toEqual([true, 2]);
    const never = await built({ ...tool, version: "v2", program: "tool", make: () => Promise.reject(new Error(silent)) }, folder, 0);
    expect(() => never.path()).toThrow("tool is needed: a registry did not answer: dial tcp");
    let built_times = 0;
    const wrong = await built({ ...tool, version: "v3", program: "tool", make: async () => Promise.reject(new Error(`undefined: x, after ${++built_times}`)) }, folder, 0);
    expect(() => wrong.path()).toThrow("tool is needed: undefined: x, after 1");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
