import { describe, expect, test } from "bun:test";
import { outcomeOf, placesOf, THRESHOLDS } from "../../testing/checks.ts";
import { cpuMs } from "../../testing/cpu.ts";
import { factsOf, type TextChange } from "../../testing/facts.ts";
import { runCheck } from "./check.ts";
import paths from "./paths.ts";

const added = (path: string | Uint8Array): TextChange => ({ path, old: null, new: "x\n" });
const link = (path: string, target: string): TextChange => ({ path, old: null, new: target, mode: "120000" });
const unsafe = (changes: readonly TextChange[], tree: Parameters<typeof outcomeOf>[2] = {}) => placesOf(paths, "path.unsafe", changes, tree);

describe("path.unsafe: names", () => {
  test.each([
    ["../escape", "dot-dot"], ["a//b", "empty part"], [".git/hooks/x", "git's folder"], ["sub/.GIT/config", "git's folder in capitals"], ["git~1/config", "its 8.3 name"],
    [".git./x", "trailing dot"], [".git /x", "trailing space"], [".git::$INDEX_ALLOCATION/x", "NTFS stream"], [".g\u200cit/x", "a character HFS+ ignores"],
    ["a\u001b[31m.txt", "escape sequence"], ["a\nb.txt", "line break"], ["a\u202egpj.exe", "direction control"], ["a\\..\\b", "backslash"], ["aux.c", "device"], ["dir/COM1", "device"],
    ["a.", "trailing dot"], ["a /b", "trailing space"], ["x".repeat(256), "long name"], [Array(12).fill("y".repeat(100)).join("/"), "long path"],
  ])("%p (%s)", async (path) => {
    expect((await unsafe([added(path)])).length).toBe(1);
  });

  test.each(["src/console.ts", ".gitignore", ".github/workflows/a.yml", "auxiliary/com10.txt", "a.b.c", "日本語/ファイル.txt", ".gitattributes", "nul_test.py", "x".repeat(255)])("%p is fine", async (path) => {
    expect(await unsafe([added(path)])).toEqual([]);
  });

  test("bytes that are not UTF-8", async () => {
    expect((await unsafe([added(new Uint8Array([0x61, 0xff]))])).length).toBe(1);
  });

  test("a bad name that was already there is not the change's, and removing it is fine", async () => {
    expect(await unsafe([{ path: "aux.c", old: "a\n", new: "b\n" }])).toEqual([]);
    expect(await unsafe([{ path: "aux.c", old: "a\n", new: null }])).toEqual([]);
  });
});

describe("path.unsafe: links", () => {
  test.each([
    ["a", "/etc/passwd"], ["a", ".."], ["d/a", "../../x"], ["a", "C:\\Windows"], ["a", "\\\\server\\share"], ["a", "d/../../x"], ["a", ".git/hooks"], ["d/a", "..\\..\\x"],
  ])("%s -> %s leads out", async (path, target) => {
    expect((await unsafe([link(path, target)])).length).toBe(1);
  });

  test.each(["..\0", "..\0/x", ".git\0x", ".g\u200cit/config", ".git./config", "git~1/config", ".GIT::$INDEX_ALLOCATION/config"])("attack: a link to %j leads out on some system", async (target) => {
    expect((await unsafe([link("a", target)])).length).toBe(1);
  });

  test.each([["a", "b"], ["d/a", "../x"], ["a", "./d/../x"], [".codex/skills", "../.claude/skills"], ["d/a", "."], ["a", "..."]])("%s -> %s stays inside", async (path, target) => {
    expect(await unsafe([link(path, target)])).toEqual([]);
  });

  test("two links that look harmless one by one lead out together", async () => {
    expect(await unsafe([link("a/up", ".."), link("a/out", "up/../x")])).toEqual(["a/out:1"]);
  });

  test("a way up from a link nobody read cannot be called safe; a way down from it is the base's", async () => {
    const tree = [{ path: "a/up", mode: "120000" as const }];
    expect(await unsafe([link("a/out", "up/../x")], { tree })).toEqual(["a/out:1"]);
    expect(await unsafe([link("a/in", "up/x")], { tree })).toEqual([]);
  });

  test("links in a circle end", async () => {
    expect((await unsafe([link("a", "b/x"), link("b", "a/x")])).length).toBe(2);
  });

  test("a link whose target is missing makes the check unavailable, not passed", async () => {
    const outcome = await outcomeOf(paths, [link("a", "b")], { wants: () => false });
    expect(outcome.result).toBe("unavailable");
  });

  test("a file that becomes a link is looked at too", async () => {
    expect(await unsafe([{ path: "a", old: "text\n", new: "/etc/passwd", mode: "120000", old_mode: "100644" }])).toEqual(["a:1"]);
  });
});

describe("path.case-collision", () => {
  const collisions = (path: string, tree: string[]) => placesOf(paths, "path.case-collision", [added(path)], { tree });

  test("with a file that is not part of the change", async () => {
    expect(await collisions("src/readme.md", ["src/README.md"])).toEqual(["src/readme.md:1"]);
  });

  test("composed and decomposed letters, and sharp s", async () => {
    expect(await collisions("caf\u00e9.txt", ["cafe\u0301.txt"])).toEqual(["caf\u00e9.txt:1"]);
    expect(await collisions("STRASSE", ["stra\u00dfe"])).toEqual(["STRASSE:1"]);
  });

  test("a folder against a link: the clone that ran code (CVE-2024-32002)", async () => {
    expect(await placesOf(paths, "path.case-collision", [{ path: "a", old: null, new: ".git", mode: "120000" }], { tree: ["A/modules/x/y"] })).toEqual(["a:1"]);
    expect(await collisions("Docs/new.md", ["docs/old.md"])).toEqual(["Docs/new.md:1"]);
  });

  test("an old collision and a rename that only changes case are no new collision", async () => {
    expect(await collisions("src/other.ts", ["src/A.ts", "src/a.ts"])).toEqual([]);
    expect(await placesOf(paths, "path.case-collision", [{ path: "src/Readme.md", old_path: "src/README.md", old: "x\n", new: "x\n" }], { tree: ["src/other"] })).toEqual([]);
  });

  test("50,000 files take well under the deadline", async () => {
    const tree = Array.from({ length: 50_000 }, (_, i) => `packages/p${i % 100}/src/folder${i % 977}/File${i}.ts`);
    const start_ms = cpuMs();
    expect(await collisions("packages/p1/SRC/new.ts", tree)).toEqual(["packages/p1/SRC/new.ts:1"]);
    expect(cpuMs() - start_ms).toBeLessThan(2000);
  });
});

test("beside a tree that was cut, added names are compared with nothing: the check cannot tell", async () => {
  const facts = { ...factsOf([added("a")]), gaps: [{ what: "merged tree", because: "more than 500000 entries" }] };
  const outcome = await runCheck(paths, facts, { thresholds: THRESHOLDS, signal: new AbortController().signal });
  expect(outcome.gaps).toEqual([{ what: "names of the rest of the tree", because: "more than 500000 entries" }]);
  expect([outcome.result, outcome.because]).toEqual(["unavailable", "files were added, and names of the rest of the tree could not be compared: more than 500000 entries"]);
});

describe("path.submodule", () => {
  const submodule = (old: string | null, now: string | null): TextChange => ({ path: "vendor/lib", old, new: now, mode: "160000" });

  test("added and moved, not removed", async () => {
    expect(await placesOf(paths, "path.submodule", [submodule(null, "a")])).toEqual(["vendor/lib:1"]);
    expect(await placesOf(paths, "path.submodule", [submodule("a", "b")])).toEqual(["vendor/lib:1"]);
    expect(await placesOf(paths, "path.submodule", [submodule("a", null)])).toEqual([]);
  });

  test("the same commit from another address", async () => {
    const gitmodules = (url: string) => `[submodule "lib"]\n\tpath = vendor/lib\n\turl = ${url}\n`;
    expect(await placesOf(paths, "path.submodule", [{ path: ".gitmodules", old: gitmodules("https://a.example/lib"), new: gitmodules("https://b.example/lib") }])).toEqual([".gitmodules:3"]);
  });
});

describe("file.large-binary", () => {
  const big = (old: string | null, now: string, bytes: number): TextChange => ({ path: "a.bin", old, new: now, binary_bytes: bytes });

  test("above the limit, at it, and renamed without a change", async () => {
    expect(await placesOf(paths, "file.large-binary", [big(null, "x", 1024 * 1024 + 1)])).toEqual(["a.bin:1"]);
    expect(await placesOf(paths, "file.large-binary", [big(null, "x", 1024 * 1024)])).toEqual([]);
    expect(await placesOf(paths, "file.large-binary", [{ ...big("x", "x", 9e6), old_path: "b.bin" }])).toEqual([]);
  });

  test("attack: a large binary under the name of a text is one all the same", async () => {
    for (const path of ["a.ts", "a.json", "deploy/.env"]) expect(await placesOf(paths, "file.large-binary", [{ ...big(null, "x", 9e6), path }])).toEqual([`${path}:1`]);
  });
});
