import { describe, expect, test } from "bun:test";
import { utf8 } from "../../proto/encoding.ts";
import { cpuMs } from "../testing/cpu.ts";
import { CODEOWNERS_BYTES_MAX, parseCodeowners } from "./codeowners.ts";

const owners = (text: string, path: string): string[][] => parseCodeowners(utf8(text), "CODEOWNERS").ownersOf(path).map((one) => [...one.owners]);
const one = (pattern: string, path: string): boolean => owners(`${pattern} @a`, path).length > 0;

describe("the last line that matches counts", () => {
  const FILE = "# who owns what\n*       @global\n*.js    @js # inline\n/build/logs/ @doctocat\ndocs/*  docs@example.com\napps/   @octocat\n/apps/github\n/apps/github/x @x @org/team\n";
  test.each([
    ["README", [["@global"]]],
    ["src/a.js", [["@js"]]],
    ["build/logs/a/b.txt", [["@doctocat"]]],
    ["sub/build/logs/a", [["@global"]]],
    ["docs/a.md", [["docs@example.com"]]],
    ["docs/build/a.md", [["@global"]]],
    ["x/apps/y/z.ts", [["@octocat"]]],
    ["apps/github/a", []],
    ["apps/github/x", [["@x", "@org/team"]]],
  ] as const)("%s", (path, expected) => {
    expect(owners(FILE, path)).toEqual(expected.map((list) => [...list]));
  });

  test("an owner of an earlier line does not survive a later one without owners", () => {
    expect(owners("* @a\n/free\n", "free")).toEqual([]);
    expect(owners("/free\n* @a\n", "free")).toEqual([["@a"]]);
  });

  test("names are matched letter for letter, a space is written with a backslash, nonsense owners are asked for and found nowhere", () => {
    expect(one("SRC/", "src/a")).toBe(false);
    expect(owners("/my\\ file @a", "my file")).toEqual([["@a"]]);
    expect(owners("/a nobody-at-all", "a")).toEqual([["nobody-at-all"]]);
    expect(owners("!src/a @a\n[ab].ts @b\n", "src/a")).toEqual([]);
  });
});

test("GitLab's sections count each by itself, optional ones not at all", () => {
  const text = "* @all\n[Docs][2] @writers\ndocs/\nREADME @one\n^[Design] @art\n*.svg\n[docs]\n*.txt @later\n";
  const of = (path: string) => parseCodeowners(utf8(text), "x").ownersOf(path);
  expect(of("docs/a")).toEqual([{ owners: ["@all"], count: 1 }, { owners: ["@writers"], count: 2 }]);
  expect(of("README")).toEqual([{ owners: ["@all"], count: 1 }, { owners: ["@one"], count: 2 }]);
  expect(of("a.svg")).toEqual([{ owners: ["@all"], count: 1 }]);
  expect(of("docs/a.txt")).toEqual([{ owners: ["@all"], count: 1 }, { owners: ["@later"], count: 2 }]);
});

test("attack: a line that asks for somebody in no way that is understood does not free its path", () => {
  expect(owners("* @a\nsrc/ a\n", "src/x")).toEqual([["a"]]);
  expect(owners("* @a\nsrc/ @a,@b\n", "src/x")).toEqual([["@a,@b"]]);
  expect(owners("* @a\nsrc/ @@maintainer\n", "src/x")).toEqual([["@@maintainer"]]);
  expect(owners(`* @a\nsrc/ a@${"b".repeat(4_000)}\n`, "src/x")[0]?.[0]).toHaveLength(512);
});

test("attack: a section that is optional once is asked all the same where it stands again without the sign", () => {
  expect(owners("^[Pay] @a\nlib/\n[pay]\nsrc/ @b\n", "src/x")).toEqual([["@b"]]);
  expect(owners("^[Pay] @a\nlib/\n^[pay]\nsrc/ @b\n", "src/x")).toEqual([]);
});

test("attack: a file too large to be read whole is no file without owners", () => {
  expect(() => parseCodeowners(new Uint8Array(CODEOWNERS_BYTES_MAX + 1).fill(10), "x")).toThrow("bytes");
  expect(() => parseCodeowners(utf8("\n".repeat(20_001)), "x")).toThrow("lines");
  expect(() => parseCodeowners(new Uint8Array([0xff, 0xfe]), "x")).toThrow("UTF-8");
});

test("attack: a pattern of many stars costs no more than its length times the path's", () => {
  const started_ms = cpuMs();
  expect(one(`/${"*a".repeat(1_000)}b`, "a".repeat(4_000))).toBe(false);
  expect(one(`/${"**/a/".repeat(400)}b`, "a/".repeat(800))).toBe(false);
  expect(cpuMs() - started_ms).toBeLessThan(2_000);
});
