import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { Scratch, type Source } from "./testing/scratch.ts";
import { blobAt, standsAt } from "./tree-entry.ts";

let scratch: Scratch;
let serial = 0;
beforeAll(async () => {
  scratch = await Scratch.create();
});
afterAll(() => scratch.dispose());

/** What stands at each path below the tree of `head`. */
async function found(source: Source, head: string, ...paths: string[]): Promise<(string | null)[]> {
  const repository = await scratch.stored(source, [head], `local:0:entry-${++serial}`);
  await using reader = scratch.reader(repository);
  const tree = source.treeOf(head);
  const oids: (string | null)[] = [];
  for (const path of paths) oids.push(await blobAt(reader.objects, tree, path));
  return oids;
}

for (const format of ["sha1", "sha256"] as const) {
  test(`${format}: files at every depth are the blobs git itself names, and nothing else is found`, async () => {
    const source = scratch.source(`plain-${format}`, format);
    const head = await source.commit({ "a.yaml": "1\n", "a.yaml.bak": "2\n", "a.yam": "3\n", "a/b/c": "4\n", "a/bc": "5\n", "a-b": "6\n" });
    const paths = ["a.yaml", "a.yaml.bak", "a.yam", "a/b/c", "a/bc", "a-b"];
    expect(await found(source, head, ...paths)).toEqual(paths.map((path) => source.git("rev-parse", `${head}:${path}`)));
    expect(await found(source, head, "a.ya", "a.yaml/", "b", "a/b/c/d", "a/c", "A.yaml", "", "/a.yaml", "./a.yaml", "a/../a.yaml", "a//bc")).toEqual(Array(11).fill(null));
  });
}

test("a folder, a link and a submodule are no file, and no way to one", async () => {
  const source = scratch.source("kinds");
  symlinkSync("real", join(source.path, "link"));
  await source.commit({ "real/x.yaml": "1\n" });
  source.git("update-index", "--add", "--cacheinfo", `160000,${source.git("rev-parse", "HEAD")},sub`);
  source.git("commit", "-q", "-m", "sub");
  const head = source.git("rev-parse", "HEAD");
  expect(await found(source, head, "real", "link", "sub", "link/x.yaml", "sub/x.yaml")).toEqual([null, null, null, null, null]);
  expect(await found(source, head, "real/x.yaml")).toEqual([source.git("rev-parse", `${head}:real/x.yaml`)]);
});

test("whatever stands at a path stands there, and nothing else does", async () => {
  const source = scratch.source("stands");
  const blob = source.object("blob", "x");
  const tree = source.tree(["100644", "file", blob], ["40000", "folder", source.tree(["100644", "inner", blob])], ["120000", "link", blob], ["160000", "sub", "1".repeat(40)]);
  const repository = await scratch.stored(source, [source.commitTree(tree)], "local:0:stands");
  await using reader = scratch.reader(repository);
  for (const path of ["file", "folder", "folder/inner", "link", "sub"]) expect([path, await standsAt(reader.objects, tree, path)]).toEqual([path, true]);
  for (const path of ["fil", "File", "folder/x", "link/x", "sub/x", ""]) expect([path, await standsAt(reader.objects, tree, path)]).toEqual([path, false]);
});

describe("attack: a file hidden from us that git still sees", () => {
  // git reads these modes as 100644 and 40000, so a change to them shows in no diff, and index-pack only warns.
  for (const [file, folder] of [["100664", "40000"], ["0100644", "040000"], ["100600", "40000"]] as const) {
    test(`modes ${file} and ${folder}`, async () => {
      const source = scratch.source(`mode-${file}`);
      const blob = source.object("blob", "version: 1\n");
      const plain = source.commitTree(source.tree(["100644", "maestro.yaml", blob], ["40000", "p", source.tree(["100644", "b", blob])]));
      const odd = source.commitTree(source.tree([file, "maestro.yaml", blob], [folder, "p", source.tree([file, "b", blob])]), [plain]);
      expect(source.git("diff", "--raw", plain, odd)).toBe("");
      expect(await found(source, odd, "maestro.yaml", "p/b")).toEqual([blob, blob]);
    });
  }
});

test("a tree that was not sent is a failure, never an absent file", async () => {
  const source = scratch.source("missing");
  const tree = source.treeOf(await source.commit({ a: "1\n" }));
  const repository = await scratch.store.open("local:0:missing", "sha1");
  await using reader = scratch.reader(repository);
  await expect(blobAt(reader.objects, tree, "a")).rejects.toMatchObject({ code: "intake.incomplete" });
});
