import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { concatBytes, utf8 } from "../../../proto/encoding.ts";
import { GitReader } from "../../platform/git/reader.ts";
import { Scratch, type Source } from "../../platform/git/testing/scratch.ts";
import { baseConfig } from "./base-config.ts";

let scratch: Scratch;
let serial = 0;
beforeAll(async () => {
  scratch = await Scratch.create();
});
afterAll(() => scratch.dispose());

const policyPath = (): string => join(scratch.root, `policy-${serial}`);

async function configAt(source: Source, commit: string | null) {
  serial++;
  await using reader = new GitReader(scratch.tools, { git_dir: join(source.path, ".git"), object_format: "sha1" }, { deadline_ms: 20_000, commits_max: 100 });
  return await baseConfig(reader, commit, { policy_path: policyPath() });
}

test("without a base commit, or without the file, there is none", async () => {
  const source = scratch.source("none");
  expect(await configAt(source, null)).toEqual({ state: "absent" });
  expect(await configAt(source, await source.commit({ "x/maestro.yaml": "version: 1\n", "maestro.yml": "version: 1\n" }))).toEqual({ state: "absent" });
});

test("a policy bundle of the base is written byte for byte, from a folder too", async () => {
  const source = scratch.source("policy");
  const bundle = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7) % 256);
  const head = await source.commit({ "maestro.yaml": "version: 1\npolicy: p/q/b.tar.gz\n", "p/q/b.tar.gz": bundle });
  expect(await configAt(source, head)).toEqual({ state: "read", config: { version: 1, policy: "p/q/b.tar.gz" }, policy: { unreadable_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } });
  expect(await Bun.file(policyPath()).bytes()).toEqual(bundle);
});

test("a file above what is read is broken and names its size, and no policy is left behind", async () => {
  const source = scratch.source("large");
  const config = await source.commit({ "maestro.yaml": `version: 1\n#${"x".repeat(1024 * 1024)}\n` });
  expect(await configAt(source, config)).toMatchObject({ state: "broken", because: expect.stringContaining("1048589 bytes") });
  const policy = await source.commit({ "maestro.yaml": "version: 1\npolicy: b\n", b: new Uint8Array(16 * 1024 * 1024 + 1) });
  expect(await configAt(source, policy)).toMatchObject({ state: "broken", because: expect.stringContaining("16777217 bytes") });
  expect(existsSync(policyPath())).toBe(false);
});

test("attack: the root folder grows past what is looked through, so that maestro.yaml counts as absent", async () => {
  const source = scratch.source("wide");
  const id = Uint8Array.fromHex(source.object("blob", "version: 1\n"));
  const name = (text: string) => concatBytes(utf8(`100644 ${text}\0`), id);
  const many = Array.from({ length: 80_000 }, (_, i) => name(`${String(i).padStart(6, "0")}${"x".repeat(180)}`));
  const head = source.commitTree(source.object("tree", concatBytes(...many, name("maestro.yaml"))));
  expect(await configAt(source, head)).toMatchObject({ state: "broken", because: expect.stringContaining("a folder on the way to maestro.yaml") });
});

test("attack: a policy path that leads out, through a link or to a folder is broken", async () => {
  const source = scratch.source("out");
  for (const policy of ["../b", "/etc/passwd", "folder", "folder/../b", "link"]) {
    const link = source.object("blob", "b");
    const yaml = source.object("blob", `version: 1\npolicy: ${policy}\n`);
    const folder = source.tree(["100644", "x", link]);
    const head = source.commitTree(source.tree(["100644", "b", link], ["40000", "folder", folder], ["120000", "link", link], ["100644", "maestro.yaml", yaml]));
    expect(await configAt(source, head)).toMatchObject({ state: "broken", because: expect.stringMatching(/is not a file at the base|a path inside the repository is expected/) });
  }
});

test("bytes that are no text, and a document that is no mapping, are broken", async () => {
  const source = scratch.source("bytes");
  for (const content of [Uint8Array.of(0xff, 0xfe, 0), "- 1\n", "", "version: 2\n", "version: 1\nversion: 1\n"]) {
    expect(await configAt(source, await source.commit({ "maestro.yaml": content }))).toMatchObject({ state: "broken" });
  }
});
