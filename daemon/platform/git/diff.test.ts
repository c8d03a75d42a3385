import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { symlinkSync, chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import { concatBytes, utf8 } from "../../../proto/encoding.ts";
import { pathText, pathToBytes } from "../../../proto/scalar.ts";
import type { DiffGaps, FilePatch } from "./diff.ts";
import { DIFF_LIMITS, Scratch, type Source } from "./testing/scratch.ts";

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create();
});
afterAll(() => scratch.dispose());

let sources = 0;
const fresh = (): Source => scratch.source(`diff-${sources++}`);

async function diffOf(source: Source, from: string, to: string, limits = {}): Promise<{ files: FilePatch[]; gaps: DiffGaps }> {
  const repository = await scratch.stored(source, [from, to], `local:0:${source.path}`);
  await using reader = scratch.reader(repository);
  const diff = reader.diff(source.treeOf(from), source.treeOf(to), { ...DIFF_LIMITS, ...limits });
  const files = await Array.fromAsync(diff);
  return { files, gaps: diff.gaps };
}

const text = ({ hunks }: FilePatch): string[] => hunks.flatMap(({ lines }) => lines.map(({ op, bytes }) => op + Buffer.from(bytes).toString("latin1")));
const named = (files: readonly FilePatch[], name: string): FilePatch => {
  const found = files.find(({ change }) => pathText(change.path) === name);
  if (found === undefined) throw new Error(`no ${name} in ${files.map(({ change }) => pathText(change.path)).join()}`);
  return found;
};

describe("every kind of change", () => {
  let files: FilePatch[];
  beforeAll(async () => {
    const source = fresh();
    const lines = Array.from({ length: 30 }, (_, n) => `l${n}\n`).join("");
    symlinkSync("target", join(source.path, "link"));
    const from = await source.commit({ moved: lines, edited: lines, "no-newline": "old", binary: "a\0b\n", mode: "m\n", gone: "g\n", crlf: "a\r\n" });
    rmSync(join(source.path, "link"));
    chmodSync(join(source.path, "mode"), 0o755);
    await source.commit({ link: "file now\n", moved: null, "moved-here": lines.replace("l9\n", "l9!\n"), edited: lines.replace("l2\n", "").replace("l20\n", "L20\nmore\n"), "no-newline": "new", binary: "a\0c\n", gone: null, crlf: "a\r\nb\r\n", empty: "" });
    source.git("update-index", "--add", "--cacheinfo", `160000,${from},sub`);
    source.git("commit", "-q", "-m", "sub");
    ({ files } = await diffOf(source, from, source.git("rev-parse", "HEAD")));
  });

  test("is listed once, in path order", () => {
    expect(files.map(({ change }) => [pathText(change.path), change.status])).toEqual([
      ["binary", "modified"], ["crlf", "modified"], ["edited", "modified"], ["empty", "added"], ["gone", "deleted"], ["link", "type_changed"],
      ["mode", "modified"], ["moved-here", "renamed"], ["no-newline", "modified"], ["sub", "added"],
    ]);
    expect(files.some(({ truncated }) => truncated)).toBe(false);
  });

  test("a rename keeps its old path and shows only its own lines", () => {
    const { change, ...patch } = named(files, "moved-here");
    expect(change.old_path === null ? null : pathText(change.old_path)).toBe("moved");
    expect(change.similarity).toBeGreaterThan(80);
    expect(text({ change, ...patch }).filter((line) => !line.startsWith(" "))).toEqual(["-l9", "+l9!"]);
  });

  test("two hunks have their line numbers", () => {
    expect(named(files, "edited").hunks.map(({ old_start, old_lines, new_start, new_lines }) => [old_start, old_lines, new_start, new_lines])).toEqual([[1, 6, 1, 5], [18, 7, 17, 8]]);
  });

  test("a missing newline at the end is on its line", () => {
    expect(named(files, "no-newline").hunks[0]?.lines.map(({ op, no_newline }) => [op, no_newline])).toEqual([["-", true], ["+", true]]);
  });

  test("NUL and carriage return stay in the line", () => {
    expect([text(named(files, "binary")), text(named(files, "crlf"))]).toEqual([["-a\0b", "+a\0c"], [" a\r", "+b\r"]]);
  });

  test("a link that became a file is both: the link's target removed, the file added", () => {
    const { change, ...patch } = named(files, "link");
    expect([change.old?.mode, change.new?.mode]).toEqual(["120000", "100644"]);
    expect(text({ change, ...patch })).toEqual(["-target", "+file now"]);
  });

  test("a mode change, an empty file and a submodule have no content of their own", () => {
    expect([named(files, "mode").change.new?.mode, named(files, "mode").hunks, named(files, "empty").hunks]).toEqual(["100755", [], []]);
    expect(named(files, "sub").change.new?.mode).toBe("160000");
    expect(text(named(files, "sub"))[0]).toStartWith("+Subproject commit ");
  });
});

describe("a change cannot hide", () => {
  test("behind its own attributes: binary, -diff, textconv, external diff, linguist", async () => {
    const source = fresh();
    const from = await source.commit({ a: "1\n", b: "1\n", c: "1\n", d: "1\n" });
    const to = await source.commit({ ".gitattributes": "a binary\nb -diff\nc diff=evil\nd linguist-generated=true linguist-vendored=true\n", a: "2\n", b: "2\n", c: "2\n", d: "2\n" });
    const { files } = await diffOf(source, from, to);
    for (const name of ["a", "b", "c", "d"]) expect(text(named(files, name))).toEqual(["-1", "+2"]);
    // The control: git in a work tree obeys them.
    expect(source.git("diff", from, to, "--", "a")).toContain("Binary files");
  });

  test("in content that looks like a patch", async () => {
    const source = fresh();
    const fake = ["diff --git a/x b/x", "index 1111111..2222222 100644", "--- a/x", "+++ b/x", "@@ -1 +1 @@", "-old", "+new", "\\ No newline at end of file", ""].join("\n");
    const from = await source.commit({ "a.patch": "keep\n", z: "1\n" });
    const to = await source.commit({ "a.patch": `keep\n${fake}`, z: "2\n" });
    const { files } = await diffOf(source, from, to);
    expect(text(named(files, "a.patch"))).toEqual([" keep", ...fake.split("\n").slice(0, -1).map((line) => `+${line}`)]);
    expect(text(named(files, "z"))).toEqual(["-1", "+2"]);
    const back = await diffOf(source, to, from);
    expect(text(named(back.files, "a.patch")).filter((line) => line.startsWith("-"))).toHaveLength(8);
  });

  test("behind a name with line breaks that reads like a patch header", async () => {
    const source = fresh();
    const name = 'x\n@@ -0,0 +1 @@\n+planted\ndiff --git a/"q b/\t\\z';
    const from = await source.commit({ "README.md": "r\n" });
    const blob = source.object("blob", "real\n");
    const to = source.commitTree(source.tree(["100644", "README.md", source.git("rev-parse", `${from}:README.md`)], ["100644", name.replaceAll("/", "%"), blob]), [from]);
    const { files } = await diffOf(source, from, to);
    expect(files.map(({ change }) => pathText(change.path))).toEqual([name.replaceAll("/", "%")]);
    expect(text(files[0] as FilePatch)).toEqual(["+real"]);
  });

  test("behind a name that is not UTF-8", async () => {
    const source = fresh();
    const from = await source.commit({ f: "1\n" });
    const name = concatBytes(utf8("caf"), Uint8Array.of(0xe9, 0x80));
    const entry = source.git("rev-parse", `${from}:f`);
    const to = source.commitTree(source.tree(["100644", name, source.object("blob", "x\n")], ["100644", "f", entry]), [from]);
    const { files } = await diffOf(source, from, to);
    expect(files.map(({ change }) => "b64" in change.path)).toEqual([true]);
    expect(pathToBytes((files[0] as FilePatch).change.path)).toEqual(name);
  });
});

describe("limits are said", () => {
  test("a line longer than line_bytes_max is cut and marked", async () => {
    const source = fresh();
    const from = await source.commit({ f: "1\n" });
    const to = await source.commit({ f: `${"x".repeat(300_000)}\nshort\n` });
    const { files } = await diffOf(source, from, to, { line_bytes_max: 1000 });
    const [, long, short] = files[0]?.hunks[0]?.lines ?? [];
    expect([long?.bytes.length, long?.cut, short?.cut, files[0]?.truncated]).toEqual([1000, true, false, true]);
  });

  test("one large file does not hide the next", async () => {
    const source = fresh();
    const from = await source.commit({ "a.txt": "1\n", "b.txt": "1\n" });
    const to = await source.commit({ "a.txt": "many\n".repeat(50_000), "b.txt": "2\n" });
    const { files } = await diffOf(source, from, to, { file_diff_bytes_max: 1000 });
    expect([named(files, "a.txt").truncated, named(files, "b.txt").truncated]).toEqual([true, false]);
    expect(text(named(files, "b.txt"))).toEqual(["-1", "+2"]);
  });

  test("past diff_bytes_max every further file still comes, marked", async () => {
    const source = fresh();
    const names = Array.from({ length: 20 }, (_, n) => `f${String(n).padStart(2, "0")}`);
    const from = await source.commit({ start: "1\n" });
    const to = await source.commit(Object.fromEntries(names.map((name) => [name, `${name}\n`.repeat(1000)])));
    const { files } = await diffOf(source, from, to, { diff_bytes_max: 5_000 });
    expect(files.map(({ change }) => pathText(change.path))).toEqual(names);
    expect(files.map(({ truncated }) => truncated)).toEqual([false, ...names.slice(1).map(() => true)]);
    expect(files.map(({ hunks }) => hunks.length)).toEqual([1, 1, ...names.slice(2).map(() => 0)]);
  });

  test("files past files_max are omitted and said", async () => {
    const source = fresh();
    const from = await source.commit({ start: "1\n" });
    const to = await source.commit({ a: "1\n", b: "2\n", c: "3\n" });
    const { files, gaps } = await diffOf(source, from, to, { files_max: 2 });
    expect([files.map((file) => text(file)), gaps]).toEqual([[["+1"], ["+2"]], { files_omitted: true, renames_limited: false }]);
  });

  test("nothing changed: no file, no gap", async () => {
    const source = fresh();
    const from = await source.commit({ f: "1\n" });
    expect(await diffOf(source, from, await source.commit({}))).toEqual({ files: [], gaps: { files_omitted: false, renames_limited: false } });
  });
});
