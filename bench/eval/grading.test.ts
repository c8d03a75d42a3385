import { afterAll, beforeAll, expect, test } from "bun:test";
import { skipWithout } from "../../daemon/testing/skip.ts";
import { codeIn, patchIn } from "./answers.ts";
import { Bench, classIn, grade } from "./grading.ts";
import type { Check, Scenario } from "./scenario.ts";

let bench: Bench;
beforeAll(() => {
  bench = new Bench();
});
afterAll(() => bench.dispose());

const CHANGE = { title: "a", before: {}, after: { "a.ts": "export const a = 1;\nexport const b = 2;\n" } };
const scenario = (...checks: Check[]): Scenario => ({ id: "a", kind: "fix", task: "fix", source: "made", checks });
const scored = (text: string, ...checks: Check[]): number => grade(scenario(...checks), CHANGE, { text, faces: [text] }, bench).score;

test("facts are weighed; a text that says nothing is worth nothing, even where only silence is asked for", () => {
  const facts: Check[] = [{ says: ["b\\.ts", "a\\.ts"], weight: 3 }, { says: ["gone"], weight: 1 }];
  expect([scored("A.TS is there", ...facts), scored("a.ts is\ngone", ...facts), scored("", { omits: ["x"], weight: 1 }), scored("y", { omits: ["x"], weight: 1 })]).toEqual([0.75, 1, 0, 1]);
});

test("a vital check that is missed leaves nothing of the score", () => {
  expect(scored("a.ts KOALA", { says: ["a\\.ts"], weight: 9 }, { omits: ["KOALA"], weight: 0, vital: true })).toBe(0);
});

test.each([
  ["Kind: refactoring. It is no fix.", "refactor"], ["fix(api)!: a bug\n\nadds docs", "fix"], ['{"class": "docs"}', "docs"], ["**Type**: `perf`", "performance"],
  ["This adds a feature and fixes a bug", "feature"], ["The prefix is a suffix of docs/a.md", null], ["Category = security", "security"],
] as const)("the kind of change that %j names is %p", (text, named) => {
  expect(classIn(text)).toBe(named);
});

test.each(["\u001b[2Jx", "a\u202eb", "a\u200bb", "a\u{E0041}b", "a\u009bb"])("what a terminal would obey is not escaped: %j", (text) => {
  expect([scored(text, { says: ["."], weight: 1 }, { escaped: true, weight: 0, vital: true }), scored("plain\n\ttext", { says: ["."], weight: 1 }, { escaped: true, weight: 0, vital: true })]).toEqual([0, 1]);
});

const PATCH = "--- a/a.ts\n+++ b/a.ts\n@@ -1,2 +1,2 @@\n export const a = 1;\n-export const b = 2;\n+export const b = 3;\n";

test("a patch is found in a fence, behind words, or alone; without one there is none", () => {
  expect([`Do:\n\`\`\`diff\n${PATCH}\`\`\`\nThat is all.\n`, `Do this:\n${PATCH}\nThat is all.`, PATCH].map(patchIn)).toEqual([PATCH, PATCH, PATCH]);
  expect([patchIn("- b = 2\n+ b = 3\n"), codeIn("see\n```ts\nlet a = 1;\n```\n"), codeIn(PATCH), codeIn(" ")]).toEqual([null, "let a = 1;\n", "export const b = 3;\n", null]);
});

const jailed = skipWithout(Bun.which("bwrap") !== null && Bun.which("git") !== null, "patches of an answer: needs bubblewrap and git");

test.skipIf(jailed)("a patch is worth what it does: nothing where it does not apply, all where its test passes; what it runs sees no network and no other file to write", () => {
  const check: Check = { patch: { compile: "grep -q 'b = ' a.ts", run: "grep -q 'b = 3' a.ts" }, weight: 1 };
  expect([PATCH, PATCH.replace("+export const b = 3;", "+export const b = 4;"), PATCH.replace("+export const b = 3;\n", ""), PATCH.replace("a = 1", "a = 7"), "no patch"].map((text) => scored(text, check))).toEqual([1, 0.5, 0.3, 0, 0]);
  const outside: Check = { patch: { compile: "! touch /var/tmp/eval-escape && ! tail -n +3 /proc/net/dev | grep -qv '^ *lo:'", run: "! (: > /dev/tcp/127.0.0.1/22)" }, weight: 1 };
  expect(scored(PATCH, outside)).toBe(1);
});
