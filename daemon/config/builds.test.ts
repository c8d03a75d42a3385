/** Recipes whose provenance could not be true, or whose files could not be told apart. */
import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { Build } from "../../proto/build.ts";
import { declaredBuild } from "./builds.ts";

const declared = (build: Partial<Build>, name = "app") => () => declaredBuild({ builds: {} }, { builds: { [name]: { run: ["true"], outputs: ["out"], ...build } } }, name);

test.each([
  ["names that differ by case", ["bin/App", "bin/app"]],
  ["names that differ by the way a letter is written", ["caf\u00e9", "cafe\u0301"]],
  ["a file where another one has its folder", ["a", "A/b"]],
  ["the name of the provenance", ["App.provenance.sigstore.json"]],
  ["the name of what is becoming the provenance", ["app.provenance.sigstore.json.7.part"]],
  ["a file where the provenance would have a folder", ["app.provenance.sigstore.json/x"]],
])("attack: one output takes the place of another file on somebody's disk: %s", (_, outputs) => {
  expect(declared({ outputs })).toThrow(expect.objectContaining({ code: "config.malformed", detail: expect.stringContaining("builds.app: ") }));
});

test("attack: the recipe has another time than the one that the provenance says", () => {
  expect(declared({ env: { SOURCE_DATE_EPOCH: "0" } })).toThrow(expect.objectContaining({ code: "config.malformed", detail: expect.stringContaining("SOURCE_DATE_EPOCH") }));
});

test("files beside each other, in folders and of other builds are fine", () => {
  expect(declared({ outputs: ["a/b", "a/c", "ab", "other.provenance.sigstore.json"], env: { TZ: "Europe/Vienna" } })().source).toBe("base");
});

test("attack: an output's name ends a line, turns it round, cannot be seen, or leads out of its folder", () => {
  const takes = (path: string): boolean => Value.Check(Build, { run: ["true"], outputs: [path] });
  expect(["a\nb", "a\u001b[2Jb", "a\u009bb", "a\u202eb", "a\u2028b", "a\u200fb", "../a", "a/../../b", "/a", "a//b", ".", "a\\b", "a\u0000"].filter(takes)).toEqual([]);
  expect(["a", "a b/c.tar.gz", "..a", "\u00fcber/\u6771\u4eac"].filter(takes)).toHaveLength(4);
});
