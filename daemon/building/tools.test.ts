/** Which program ran, by its content: never another one of that name. */
import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ToolDigestsReply } from "../../proto/worker-beside.ts";
import { toolDigests } from "./tools.ts";

const host = mkdtempSync(join(tmpdir(), "maestro-tools-"));
afterAll(() => rmSync(host, { recursive: true, force: true }));
for (const folder of ["a", "b"]) mkdirSync(join(host, folder));
for (const [path, mode] of [["a/text", 0o644], ["b/text", 0o755], ["b/cc", 0o755]] as const) {
  writeFileSync(join(host, path), `${path}\n`);
  chmodSync(join(host, path), mode);
}
symlinkSync("../b/cc", join(host, "a/cc"));

const sha256 = (text: string): string => new Bun.CryptoHasher("sha256").update(text).digest("hex");
const programOf = async (program: string, path: readonly string[]): Promise<ToolDigestsReply["program"]> =>
  (await toolDigests({ kind: "tool-digests", program, path: [...path], mounts: [{ name: "t", host, inside: "/usr", whole: false }], entries_max: 100, bytes_max: 1000, deadline_ms: 10_000 })).program;

test("the first file of PATH that can be run, through links of the tool chain", async () => {
  expect(await programOf("cc", ["/usr/a", "/usr/b"])).toEqual({ path: "/usr/a/cc", sha256: sha256("b/cc\n") });
  expect(await programOf("text", ["/usr/a", "/usr/b"])).toEqual({ path: "/usr/b/text", sha256: sha256("b/text\n") });
  expect(await programOf("nothing", ["/usr/a"])).toEqual({ because: "no tool chain has it" });
});

test.each([
  ["the tree's own folder", ["/change/bin", "/usr/b"]],
  ["a way to it", ["/usr/../change/bin", "/usr/b"]],
  ["a folder below the working folder", ["bin", "/usr/b"]],
  ["the working folder itself", ["", "/usr/b"]],
  ["what leads to the working folder", ["/proc/self/cwd", "/usr/b"]],
])("attack: the tree brings a program of that name, and PATH finds it first: %s", async (_, path) => {
  expect(await programOf("cc", path)).toEqual({ because: expect.stringContaining("the tree says which program it is") });
});

test("a program of the tree is named as one", async () => {
  for (const program of ["./cc", "bin/cc", "/change/cc", "/usr/../change/cc"]) expect(await programOf(program, ["/usr/b"])).toEqual({ because: "it is a file of the tree" });
});
