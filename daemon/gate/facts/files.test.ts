/** Changed files and their contents where a limit, a pointer or another repository hides something. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { FactsLimits } from "../../../proto/config.ts";
import { fromBase64 } from "../../../proto/encoding.ts";
import type { FileContent } from "../../../proto/facts.ts";
import { pathText } from "../../../proto/scalar.ts";
import { Borders } from "../../checking/border.ts";
import { GitReader } from "../../platform/git/reader.ts";
import { Scratch, type Source } from "../../platform/git/testing/scratch.ts";
import { wantedContents } from "./contents.ts";
import { changedFiles, diffed, type ChangedFiles } from "./files.ts";

const LIMITS = Value.Create(FactsLimits);
const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${"a".repeat(64)}\nsize 12345\n`;

let scratch: Scratch;
let serial = 0;
beforeAll(async () => {
  scratch = await Scratch.create();
});
afterAll(() => scratch.dispose());

const fresh = (): Source => scratch.source(`source-${++serial}`);

async function between<T>(source: Source, work: (reader: GitReader, old_tree: string, new_tree: string) => Promise<T>): Promise<T> {
  await using reader = new GitReader(scratch.tools, { git_dir: join(source.path, ".git"), object_format: "sha1" }, { deadline_ms: 20_000, commits_max: 100 });
  return await work(reader, source.treeOf("HEAD^1"), source.treeOf("HEAD"));
}

const changed = (source: Source, limits: Partial<FactsLimits> = {}, folders: readonly string[] = []): Promise<ChangedFiles> =>
  between(source, async (reader, before, after) => changedFiles(reader, await diffed(reader, before, after, { ...LIMITS, ...limits }), new Borders(folders, []), { ...LIMITS, ...limits }));

const gapsOf = ({ gaps }: { readonly gaps: readonly { readonly what: string; readonly because: string }[] }): string[] => gaps.map(({ what, because }) => `${what}: ${because}`);

describe("what was cut is said", () => {
  test("a file's diff over its limit is truncated and named; the next file is there whole", async () => {
    const source = fresh();
    await source.commit({ keep: "1\n" });
    await source.commit({ "a-long.txt": "0123456789\n".repeat(1_000), "b.txt": "short\n" });
    const found = await changed(source, { file_diff_bytes_max: 1_000 });
    expect(found.files.map(({ path, truncated }) => [pathText(path), truncated])).toEqual([["a-long.txt", true], ["b.txt", false]]);
    expect(gapsOf(found)).toEqual(["a-long.txt: the diff is longer than the limit"]);
    expect(found.files[1]?.hunks[0]?.lines).toEqual([{ op: "+", text: "short" }]);
    expect(found.added_lines).toBeLessThan(1_001);
  });

  test("files beyond the limit are a gap of the change", async () => {
    const source = fresh();
    await source.commit({ keep: "1\n" });
    await source.commit(Object.fromEntries([1, 2, 3, 4].map((i) => [`f${i}`, "x\n"])));
    const found = await changed(source, { files_max: 2 });
    expect(found.files.length).toBe(2);
    expect(gapsOf(found)[0]).toBe("changed files: more than 2; the rest was not looked at");
  });
});

test("a rename has both paths and both sizes, a deletion only the old side, and lines are counted by what they do", async () => {
  const source = fresh();
  const text = Array.from({ length: 30 }, (_, i) => `line ${i}\n`).join("");
  await source.commit({ "old.txt": text, "gone.txt": "1\n2\n3\n" });
  source.git("mv", "old.txt", "new.txt");
  await source.commit({ "gone.txt": null, "new.txt": text.replace("line 7\n", "line seven\nand more\n") });
  const found = await changed(source);
  expect(found.files.map(({ path, old_path, status, old, new: now }) => [pathText(path), old_path === null ? null : pathText(old_path), status, old?.size, now?.size])).toEqual([
    ["gone.txt", null, "deleted", 6, undefined],
    ["new.txt", "old.txt", "renamed", text.length, text.length + 13],
  ]);
  expect([found.added_lines, found.removed_lines]).toEqual([2, 4]);
});

describe("attack: a file is renamed so that lines nobody looked at as a program become one", () => {
  const shown = async (from: string, to: string, text = "a\nb\nc\nd\n", limits: Partial<FactsLimits> = {}) => {
    const source = fresh();
    await source.commit({ keep: "1\n", [from]: text });
    await source.commit({ [from]: null, [to]: text });
    return (await changed(source, limits)).files.map(({ path, old_path, status, truncated, hunks }) => [pathText(path), old_path === null ? null : pathText(old_path), status, truncated, hunks.flatMap(({ lines }) => lines.map(({ op, text: line }) => op + line)).join("")]);
  };

  test.each([["a.md", "b.ts"], ["a.dat", "b.js"], ["a.txt", "b.yml"], ["a.py", "b.sh"]])("%s to %s shows every line", async (from, to) => {
    expect(await shown(from, to)).toEqual([[from, null, "deleted", false, "-a-b-c-d"], [to, null, "added", false, "+a+b+c+d"]]);
  });

  test.each([["a.ts", "a.test.ts"], ["test/a.ts", "src/a.ts"], ["fixtures/key.pem", "src/key.pem"], ["dist/a.js", "src/a.js"], ["src/a.js", "dist/a.js"]])("%s to %s, of which other rules speak or which policy softens otherwise, shows every line", async (from, to) => {
    expect((await shown(from, to)).toSorted()).toEqual([[from, null, "deleted", false, "-a-b-c-d"], [to, null, "added", false, "+a+b+c+d"]].toSorted());
  });

  test.each([["test/a.ts", "tests/unit/a.ts"], ["a.js", "b.ts"], ["docs/a.yml", "a.yml"], ["a.py", "b.md"], ["README", "README.md"]])("%s to %s is a rename", async (from, to) => {
    expect(await shown(from, to)).toEqual([[to, from, "renamed", false, ""]]);
  });

  test("what is too large to be shown whole is said to be cut", async () => {
    const found = await shown("a.md", "b.ts", "0123456789\n".repeat(100), { file_diff_bytes_max: 1_000 });
    expect(found.map(([path, , , truncated]) => [path, truncated])).toEqual([["a.md", true], ["b.ts", true]]);
    expect((await shown("a.md", "b.ts", "0123456789\n".repeat(100), { diff_bytes_max: 1_500 })).map(([, , , truncated]) => truncated)).toEqual([false, true]);
    expect((await shown("a.md", "b.ts", "0123456789\n", { line_bytes_max: 5 }))[1]).toEqual(["b.ts", null, "added", true, "+01234"]);
  });
});

describe("attack: a file is renamed to where a folder's stricter rules speak of it, and out of their sight again", () => {
  const text = Array.from({ length: 20 }, (_, i) => `line ${i}\n`).join("");
  const statuses = async (base: Record<string, string>, head: Record<string, string | null>, folders: readonly string[]) => {
    const source = fresh();
    await source.commit({ keep: "1\n", ...base });
    await source.commit(head);
    return (await changed(source, {}, folders)).files.map(({ path, status, hunks }) => `${status} ${pathText(path)} ${hunks.reduce((sum, { lines }) => sum + lines.length, 0)}`);
  };
  const moved = (from: string, to: string, folders: readonly string[]) => statuses({ [from]: text }, { [from]: null, [to]: text }, folders);

  test.each([
    ["into the folder", "else/a.ts", "pay/a.ts", ["pay"]],
    ["out of it", "pay/a.ts", "else/a.ts", ["pay"]],
    ["from one to another", "pay/a.ts", "tax/a.ts", ["pay", "tax"]],
    ["deeper, to a file of its own", "pay/a.ts", "pay/card/a.ts", ["pay", "pay/card"]],
    ["up from there", "pay/card/a.ts", "pay/a.ts", ["pay/card", "pay"]],
    ["out of a folder whose name begins alike", "payroll/a.ts", "pay/a.ts", ["pay"]],
  ])("%s: every line shows", async (_, from, to, folders) => {
    expect((await moved(from, to, folders)).toSorted()).toEqual([`added ${to} 20`, `deleted ${from} 20`]);
  });

  test("a folder renamed as a whole shows every line of every file, its own maestro.yaml among them", async () => {
    const base = { "pay/maestro.yaml": text, "pay/a.ts": text.replaceAll("line", "a"), "pay/sub/b.ts": text.replaceAll("line", "b") };
    const head = Object.fromEntries(Object.entries(base).flatMap(([path, content]) => [[path, null], [path.replace("pay", "bill"), content]]));
    expect((await statuses(base, head, ["pay"])).toSorted()).toEqual(Object.keys(base).flatMap((path) => [`added ${path.replace("pay", "bill")} 20`, `deleted ${path} 20`]).toSorted());
  });

  test.each([["a.ts", "else/a.ts"], ["pay/a.ts", "pay/sub/a.ts"], ["payroll/a.ts", "else/a.ts"]])("%s to %s, under the same rules, is a rename", async (from, to) => {
    expect(await moved(from, to, ["pay"])).toEqual([`renamed ${to} 0`]);
  });
});

describe("Git LFS", () => {
  test("a pointer is one by its whole content, not by its first line", async () => {
    const source = fresh();
    await source.commit({ keep: "1\n" });
    await source.commit({ pointer: POINTER, "prose.md": `${POINTER}and how it is meant\n`, large: POINTER + "x\n".repeat(2_000), "near.txt": "version https://git-lfs.github.com/spec/v2\n" });
    const found = await changed(source);
    expect(found.files.filter(({ lfs }) => lfs).map(({ path }) => pathText(path))).toEqual(["pointer"]);
    expect(gapsOf(found)).toEqual(["pointer: a Git LFS pointer: its content is not in the repository"]);
  });

  test("a pointer that goes away leaves nothing unseen", async () => {
    const source = fresh();
    await source.commit({ big: POINTER });
    await source.commit({ big: "plain text\n" });
    expect(await changed(source)).toMatchObject({ gaps: [], files: [{ lfs: false }] });
  });
});

test("attack: a submodule is moved; its content cannot be seen here, and that is said", async () => {
  const source = fresh();
  const first = await source.commit({ keep: "1\n" });
  source.git("update-index", "--add", "--cacheinfo", `160000,${first},vendor`);
  source.git("commit", "-q", "-m", "add");
  source.git("update-index", "--cacheinfo", `160000,${"9".repeat(40)},vendor`);
  source.git("commit", "-q", "-m", "move");
  const found = await changed(source);
  expect(found.files).toMatchObject([{ old: { mode: "160000", size: 0 }, new: { mode: "160000", oid: "9".repeat(40), size: 0 } }]);
  expect(gapsOf(found)).toEqual(["vendor: a submodule: its content is in another repository"]);
});

describe("whole contents", () => {
  type Wants = Parameters<typeof wantedContents>[2];
  const contentsOf = (source: Source, wants: Wants, limits: Partial<FactsLimits> = {}) =>
    between(source, async (reader, before, after) => {
      const { files } = await changedFiles(reader, await diffed(reader, before, after, LIMITS), new Borders([], []), LIMITS);
      return wantedContents(reader, files, wants, { ...LIMITS, ...limits });
    });
  const texts = (contents: readonly FileContent[]): string[] => contents.map(({ path, side, bytes }) => `${pathText(path)} ${side} ${Buffer.from(fromBase64(bytes)!).toString()}`);

  test("only of the files that were asked for, both sides, the old one under its old name", async () => {
    const source = fresh();
    const body = "a\n".repeat(40);
    await source.commit({ "x.json": `1${body}`, "y.txt": "1", "z.json": "z" });
    source.git("mv", "x.json", "w.json");
    await source.commit({ "w.json": `2${body}`, "y.txt": "2", "z.json": null });
    const { contents, gaps } = await contentsOf(source, (path) => path.endsWith(".json"));
    expect(texts(contents)).toEqual([`x.json old 1${body}`, `w.json new 2${body}`, "z.json old z"]);
    expect(gaps).toEqual([]);
  });

  test("asked for by mode: a file that becomes a link is read as both", async () => {
    const source = fresh();
    await source.commit({ a: "text\n" });
    const link = source.object("blob", "/etc/passwd");
    source.git("update-index", "--cacheinfo", `120000,${link},a`);
    source.git("commit", "-q", "-m", "link");
    const { contents } = await contentsOf(source, (_, mode) => mode === "120000");
    expect(texts(contents)).toContain("a new /etc/passwd");
  });

  test("one over its limit, and what no longer fits beside others, are gaps with side and size", async () => {
    const source = fresh();
    await source.commit({ a: "1", b: "2", c: "3" });
    await source.commit({ a: "x".repeat(50), b: "y".repeat(101), c: "z".repeat(60) });
    const { contents, gaps } = await contentsOf(source, () => true, { content_bytes_max: 100, contents_bytes_max: 100 });
    expect(texts(contents).map((text) => text.slice(0, 7))).toEqual(["a old 1", "a new x", "b old 2", "c old 3"]);
    expect(gapsOf({ gaps })).toEqual(["b: its new content of 101 bytes is over the limit", "c: its new content of 60 bytes is over the limit"]);
  });
});
