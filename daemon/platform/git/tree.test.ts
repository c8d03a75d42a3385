import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { concatBytes, utf8 } from "../../../proto/encoding.ts";
import { pathText, pathToBytes } from "../../../proto/scalar.ts";
import { lfsPointer } from "./lfs-pointer.ts";
import { Scratch } from "./testing/scratch.ts";

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create();
});
afterAll(() => scratch.dispose());

test("every leaf is listed, whatever head's export-ignore says, and export-subst rewrites nothing", async () => {
  const source = scratch.source("export");
  symlinkSync("visible", join(source.path, "link"));
  const head = await source.commit({ ".gitattributes": "hidden export-ignore\nvisible export-subst\n", hidden: "evil\n", visible: "$Format:%H$\n", "dir/deep/f": "1\n", "dir.x": "2\n" });
  const repository = await scratch.stored(source, [head], "local:0:export");
  await using reader = scratch.reader(repository);
  const { entries, truncated } = await reader.listTree(source.treeOf(head), 100);
  expect(entries.map(({ path, mode }) => `${mode} ${pathText(path)}`)).toEqual(["100644 .gitattributes", "100644 dir.x", "100644 dir/deep/f", "100644 hidden", "120000 link", "100644 visible"]);
  expect(truncated).toBe(false);
  const visible = await reader.objects.read(entries.at(-1)?.oid ?? "", 100);
  expect(visible.result === "read" ? Buffer.from(visible.content).toString() : visible.result).toBe("$Format:%H$\n");
  // The control: git archive hides one file and rewrites the other.
  expect(source.bytes(["archive", "--format=tar", head]).toString()).not.toContain("evil");
});

test("a path keeps its bytes, a submodule its commit, and a longer tree is said", async () => {
  const source = scratch.source("bytes");
  const name = Uint8Array.of(0x66, 0xff, 0x0a, 0x22);
  const tree = source.tree(["100755", name, source.object("blob", "x")], ["160000", "sub", "1".repeat(40)]);
  const head = source.commitTree(tree);
  const repository = await scratch.stored(source, [head], "local:0:bytes");
  await using reader = scratch.reader(repository);
  const { entries } = await reader.listTree(tree, 100);
  expect(entries.map(({ path, mode }) => [mode, pathToBytes(path)])).toEqual([["100755", name], ["160000", utf8("sub")]]);
  expect(entries[1]?.oid).toBe("1".repeat(40));
  expect(await reader.listTree(tree, 1)).toMatchObject({ truncated: true, entries: [{ mode: "100755" }] });
});

test("treeSha256 is what its definition says, computed from the files themselves", async () => {
  const source = scratch.source("digest");
  symlinkSync("a.txt", join(source.path, "link"));
  const head = await source.commit({ "a.txt": "a\n", "b/c": "deep\n", "b.x": "", large: new Uint8Array(300_000).fill(7) });
  source.git("update-index", "--add", "--cacheinfo", `160000,${head},sub`);
  source.git("commit", "-q", "-m", "sub");
  const tip = source.git("rev-parse", "HEAD");
  const sha = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
  const files = ["a.txt", "b.x", "b/c", "large"].map((name) => `100644 blob ${sha(readFileSync(join(source.path, name)))}\t${name}\0`);
  const link = `120000 blob ${sha(utf8(readlinkSync(join(source.path, "link"))))}\tlink\0`;
  const expected = sha(utf8([...files, link, `160000 commit ${head}\tsub\0`].join("")));
  const repository = await scratch.stored(source, [tip], "local:0:digest");
  await using reader = scratch.reader(repository);
  const { entries } = await reader.listTree(source.treeOf(tip), 100);
  const known = new Map<string, Uint8Array>();
  expect(await reader.treeSha256(entries.toReversed(), known)).toBe(expected);
  expect(known.size).toBe(5);
  expect(await reader.treeSha256(entries, known)).toBe(expected);
});

test("treeSha256 moves with a mode, a name or a byte", async () => {
  const source = scratch.source("moves");
  const blob = source.object("blob", "x");
  const trees = [source.tree(["100644", "a", blob]), source.tree(["100755", "a", blob]), source.tree(["100644", "b", blob]), source.tree(["100644", "a", source.object("blob", "y")])];
  const commits = trees.map((tree) => source.commitTree(tree));
  const repository = await scratch.stored(source, commits, "local:0:moves");
  await using reader = scratch.reader(repository);
  const digests = [];
  for (const tree of trees) digests.push(await reader.treeSha256((await reader.listTree(tree, 10)).entries));
  expect(new Set(digests).size).toBe(4);
});

test("a Git LFS pointer is recognised, and nothing else is", () => {
  const pointer = (oid: string): Uint8Array => utf8(`version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize 12345\n`);
  expect(lfsPointer(pointer("ab".repeat(32)))).toEqual({ sha256: "ab".repeat(32), size: 12345 });
  for (const other of [pointer("ab"), utf8(`# ${pointer("ab".repeat(32))}`), new Uint8Array(0), concatBytes(pointer("ab".repeat(32)), utf8("x".repeat(2000)))]) expect(lfsPointer(other)).toBeNull();
});

test("attack: a pointer in any spelling git-lfs itself takes is a pointer", () => {
  const [oid, size] = [`oid sha256:${"ab".repeat(32)}`, "size 12345"];
  const versions = ["https://git-lfs.github.com/spec/v1", "https://hawser.github.com/spec/v1", "http://git-media.io/v/2"].map((name) => `version ${name}`);
  const [now = ""] = versions;
  const spellings = [...versions.map((version) => [version, oid, size]), [now, "ext-0-a sha256:x", "ext-1-b y", oid, size], ["", now, "", oid, size, ""]];
  for (const lines of spellings) for (const end of ["\n", "\r\n"]) expect([lines, lfsPointer(utf8(lines.join(end)))?.size]).toEqual([lines, 12345]);
  for (const lines of [[oid, now, size], ["version https://example.org/spec/v1", oid, size], [now, oid], [now, oid, size, "more"]]) expect(lfsPointer(utf8(lines.join("\n")))).toBeNull();
});
