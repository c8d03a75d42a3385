import { expect, test } from "bun:test";
import { join } from "node:path";
import { loadedBy } from "./testing/loaded.ts";

test("a daemon starts without a line of what models and drafts need: whoever has none pays nothing for them", () => {
  const { files } = loadedBy(join(import.meta.dir, "main.ts"));
  const here = [...files].map((file) => file.slice(import.meta.dir.length + 1));
  expect(here).toContain("modelled.ts");
  expect(here.filter((file) => /^(?:models|drafting|egress\/chat)\//.test(file))).toEqual([]);
});
