/** Which commands a change touches: a path that slips past a glob is a check that never ran. */
import { expect, test } from "bun:test";
import type { Facts } from "../../proto/facts.ts";
import { touchedCommands, viewDigest } from "./inputs.ts";

const file = (path: string, old_path: string | null = null) => ({ path: { u: path }, old_path: old_path === null ? null : { u: old_path } }) as Facts["files"][number];
const touches = (glob: string, ...files: Facts["files"]): boolean => touchedCommands({ files, gaps: [] }, [{ name: "lint", inputs: [glob] }]).length === 1;

test.each(["src/.hidden/a.ts", "src/a\nb.ts", "src/é\u{1f600}.ts", "src/[a].ts", "src/a\\b.ts", `src/${"x/".repeat(1000)}a.ts`])("attack: a path that looks odd is touched all the same: %j", (path) => {
  expect([touches("src/**", file(path)), touches("**/*.ts", file(path)) === path.endsWith(".ts"), touches("src", file(path))]).toEqual([true, true, true]);
});

test("a plain name is that file, or all below that folder, and nothing that only begins alike", () => {
  expect([touches("src", file("src/a/b.ts")), touches("src", file("src")), touches("src", file("srcs/a.ts")), touches("src/a.ts", file("src/a.ts"))]).toEqual([true, true, false, true]);
});

test("a file that moved out counts by where it was", () => {
  expect([touches("src/**", file("lib/a.ts", "src/a.ts")), touches("src/**", file("lib/a.ts"))]).toEqual([true, false]);
});

test("where the list of files was cut, every command runs", () => {
  expect(touchedCommands({ files: [], gaps: [{ what: "changed files", because: "cut" }] }, [{ name: "lint", inputs: ["src/**"] }])).toEqual(["lint"]);
});

test("attack: a file gets another name that is no UTF-8 either and reads the same: it is another view", () => {
  const named = (byte: number) => [{ path: { b64: Buffer.from([...Buffer.from("src/"), byte]).toString("base64") }, mode: "100644" as const, oid: "a".repeat(40) }];
  expect(viewDigest(named(0xfe), ["src/**"])).not.toBe(viewDigest(named(0xff), ["src/**"]));
  expect(viewDigest(named(0xfe), ["src/**"])).not.toBe(viewDigest([], ["src/**"]));
});
