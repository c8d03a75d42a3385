import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { utf8 } from "../../../proto/encoding.ts";
import { pathFromBytes } from "../../../proto/scalar.ts";
import { materialise, type Materialised } from "./materialise.ts";
import { Scratch, type Source } from "./testing/scratch.ts";
import type { TreeLeaf } from "./tree.ts";

let scratch: Scratch;
let serial = 0;
beforeAll(async () => {
  scratch = await Scratch.create();
});
afterAll(() => scratch.dispose());

const LIMITS = { tree_bytes_max: 64 * 1024 * 1024 };
const fresh = (): string => join(mkdtempSync(join(scratch.root, "out-")), "tree");

/** Writes out what git's own tree lists. */
async function writtenOut(source: Source, tip: string, folder: string, limits = LIMITS): Promise<Materialised> {
  const repository = await scratch.stored(source, [tip], `local:0:m${serial++}`);
  await using reader = scratch.reader(repository);
  const { entries } = await reader.listTree(source.treeOf(tip), 100_000);
  return await materialise(reader.objects, entries, folder, limits);
}

/** Writes out leaves that no intake would let in. */
async function forged(source: Source, tip: string, leaves: readonly TreeLeaf[], folder: string): Promise<Materialised> {
  const repository = await scratch.stored(source, [tip], `local:0:m${serial++}`);
  await using reader = scratch.reader(repository);
  return await materialise(reader.objects, leaves, folder, LIMITS);
}

test("files, programs and links are what the objects hold; a submodule is an empty folder and is said", async () => {
  const source = scratch.source("plain");
  symlinkSync("../etc/passwd", join(source.path, "link"));
  writeFileSync(join(source.path, "run.sh"), "#!/bin/sh\n", { mode: 0o755 });
  await source.commit({ "a/b/c.txt": "deep\n", empty: "", large: new Uint8Array(700_000).fill(9) });
  source.git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},sub/module`);
  source.git("commit", "-q", "-m", "sub");
  const folder = fresh();
  const before = process.umask(0o077);
  const made = await writtenOut(source, source.git("rev-parse", "HEAD"), folder).finally(() => process.umask(before));
  expect(made).toEqual({ files: 5, bytes: 700_028, gaps: [{ what: "sub/module", because: "a submodule: commands saw an empty folder" }] });
  expect(readFileSync(join(folder, "a/b/c.txt"), "utf8")).toBe("deep\n");
  expect([readFileSync(join(folder, "large")).length, readFileSync(join(folder, "empty")).length, readlinkSync(join(folder, "link"))]).toEqual([700_000, 0, "../etc/passwd"]);
  expect(readdirSync(join(folder, "sub/module"))).toEqual([]);
  expect(["run.sh", "empty", "a"].map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual([0o755, 0o644, 0o755]);
});

test("attack: attributes of the tree hide, rewrite and filter nothing; git's own archive obeys them", async () => {
  const source = scratch.source("attributes");
  const head = await source.commit({ ".gitattributes": "evil.js export-ignore\nv export-subst\n*.txt text eol=crlf ident\n", "evil.js": "attack()\n", v: "$Format:%H$\n", "t.txt": "$Id$\n" });
  const folder = fresh();
  await writtenOut(source, head, folder);
  expect(["evil.js", "v", "t.txt"].map((name) => readFileSync(join(folder, name), "utf8"))).toEqual(["attack()\n", "$Format:%H$\n", "$Id$\n"]);
  expect(source.bytes(["archive", "--format=tar", head]).toString()).not.toContain("attack()");
});

describe("attack: paths that lead out of the folder, through every layer before this one", () => {
  const paths: readonly (readonly [string, string])[] = [["up", "../out"], ["up in the middle", "a/../../out"], ["absolute", "/out"], ["empty part", "a//b"], ["git's folder", ".git/hooks/post-checkout"], ["git's folder in capitals", "a/.GIT/config"], ["a dot", "./a"], ["a zero byte", "a\0b"]];
  test.each(paths)("%s", async (_, path) => {
    const source = scratch.source(`path${serial}`);
    const head = await source.commit({ f: "x" });
    const [leaf] = source.git("ls-tree", head).split(/\s/).slice(2);
    const folder = fresh();
    await expect(forged(source, head, [{ path: pathFromBytes(utf8(path)), mode: "100644", oid: leaf! }], folder)).rejects.toMatchObject({ code: "intake.refused" });
    expect(existsSync(join(folder, "../out"))).toBe(false);
  });
});

test("attack: a file below a link of the same tree is not written through it", async () => {
  const source = scratch.source("through");
  const head = await source.commit({ f: "stolen" });
  const outside = mkdtempSync(join(scratch.root, "outside-"));
  const target = source.object("blob", outside);
  const tip = source.commitTree(source.tree(["100644", "f", source.git("rev-parse", `${head}:f`)], ["100644", "g", target]));
  const path = (text: string) => pathFromBytes(utf8(text));
  const link: TreeLeaf = { path: path("d"), mode: "120000", oid: target };
  const file: TreeLeaf = { path: path("d/f"), mode: "100644", oid: source.git("rev-parse", `${head}:f`) };
  for (const leaves of [[link, file], [file, link]]) await expect(forged(source, tip, leaves, fresh())).rejects.toMatchObject({ code: "intake.refused" });
  expect(readdirSync(outside)).toEqual([]);
});

test("attack: the same path twice keeps neither quietly", async () => {
  const source = scratch.source("twice");
  const head = await source.commit({ f: "one", g: "two" });
  const oids = ["f", "g"].map((name) => source.git("rev-parse", `${head}:${name}`));
  const leaves = oids.map((oid): TreeLeaf => ({ path: { u: "f" }, mode: "100644", oid }));
  await expect(forged(source, head, leaves, fresh())).rejects.toMatchObject({ code: "intake.refused" });
});

test("a tree over its limit stops in the middle of a file", async () => {
  const source = scratch.source("limit");
  const head = await source.commit({ a: new Uint8Array(400_000), b: new Uint8Array(400_000) });
  const folder = fresh();
  await expect(writtenOut(source, head, folder, { tree_bytes_max: 500_000 })).rejects.toMatchObject({ code: "request.too_large" });
  expect(lstatSync(join(folder, "b"), { throwIfNoEntry: false })?.size ?? 0).toBeLessThan(400_000);
});

test("a path that is no UTF-8 keeps its bytes, and a folder that is there already is not written into", async () => {
  const source = scratch.source("bytes");
  const name = Uint8Array.of(0x66, 0xff, 0x22);
  const tip = source.commitTree(source.tree(["100644", name, source.object("blob", "x")]));
  const folder = fresh();
  await writtenOut(source, tip, folder);
  expect(readdirSync(folder, { encoding: "buffer" }).map((entry) => Buffer.from(entry).toString("hex"))).toEqual([Buffer.from(name).toString("hex")]);
  await expect(writtenOut(source, tip, folder)).rejects.toMatchObject({ code: "EEXIST" });
});
