import { afterAll, beforeAll, expect, test } from "bun:test";
import { Scratch, type Source } from "./testing/scratch.ts";
import { GitReader } from "./reader.ts";
import type { Repository } from "./repository-store.ts";

let scratch: Scratch;
let source: Source;
let repository: Repository;
const blobs: string[] = [];

beforeAll(async () => {
  scratch = await Scratch.create();
  source = scratch.source();
  const head = await source.commit(Object.fromEntries(Array.from({ length: 700 }, (_, n) => [`f${n}`, `content ${n}\n\0${"x".repeat(n)}`])));
  repository = await scratch.stored(source, [head]);
  await using reader = scratch.reader(repository);
  blobs.push(...(await reader.listTree(source.treeOf(head), 1000)).entries.map(({ oid }) => oid));
});
afterAll(() => scratch.dispose());

const absent = "e".repeat(40);

test("more objects than one batch, in the order asked, with missing and too large ones among them", async () => {
  await using reader = scratch.reader(repository);
  const asked = [...blobs.slice(0, 300), absent, ...blobs.slice(300)];
  const found = await reader.objects.readMany(asked, 500);
  expect(found.map((read) => (read.result === "missing" ? read.oid : read.info.oid))).toEqual(asked);
  expect(found[300]?.result).toBe("missing");
  const sizes = await reader.objects.info(asked);
  for (const [at, read] of found.entries()) expect(read.result).toBe(sizes[at] === null ? "missing" : (sizes[at]?.size ?? 0) > 500 ? "too_large" : "read");
});

test("content is the object's, NUL and newlines included", async () => {
  await using reader = scratch.reader(repository);
  const read = await reader.objects.read(source.git("rev-parse", "HEAD:f42"), 1000);
  expect(read.result === "read" ? Buffer.from(read.content).toString() : "").toBe(`content 42\n\0${"x".repeat(42)}`);
});

test("overlapping calls do not mix their answers", async () => {
  await using reader = scratch.reader(repository);
  const answers = await Promise.all(blobs.slice(0, 50).flatMap((oid) => [reader.objects.read(oid, 1e6), reader.objects.info([oid])]));
  expect(answers.map((answer) => (Array.isArray(answer) ? answer[0]?.oid : "info" in answer ? answer.info.oid : ""))).toEqual(blobs.slice(0, 50).flatMap((oid) => [oid, oid]));
});

test("an object id that carries a second command is refused before git sees it", async () => {
  await using reader = scratch.reader(repository);
  for (const id of [`${blobs[0]}\ninfo ${absent}`, "HEAD", "", `${absent}^`]) await expect(reader.objects.info([id])).rejects.toThrow(RangeError);
  expect((await reader.objects.info([blobs[0] ?? ""]))[0]?.type).toBe("blob");
});

test("streaming a missing object is incomplete, and the reader stays unusable after it", async () => {
  await using reader = scratch.reader(repository);
  await expect(reader.objects.stream([absent], () => undefined)).rejects.toMatchObject({ code: "intake.incomplete" });
  await expect(reader.objects.info([blobs[0] ?? ""])).rejects.toMatchObject({ code: "intake.incomplete" });
});

test("the deadline and the caller's signal both end it", async () => {
  await using late = new GitReader(scratch.tools, repository, { deadline_ms: 1, commits_max: 10 });
  await Bun.sleep(20);
  await expect(late.objects.info([absent])).rejects.toMatchObject({ code: "request.timeout" });
  const abort = new AbortController();
  await using left = new GitReader(scratch.tools, repository, { deadline_ms: 10_000, commits_max: 10, signal: abort.signal });
  abort.abort();
  await expect(left.objects.info([absent])).rejects.toMatchObject({ code: "request.cancelled" });
});

test("a folder that is no repository, or none at all, is an error and not an answer", async () => {
  await using reader = new GitReader(scratch.tools, { git_dir: scratch.root, object_format: "sha1" }, { deadline_ms: 10_000, commits_max: 10 });
  await expect(reader.objects.info([absent])).rejects.toMatchObject({ code: "git.failed", detail: expect.stringContaining("not a git repository") });
  expect(() => new GitReader(scratch.tools, { git_dir: `${scratch.root}/none`, object_format: "sha1" }, { deadline_ms: 10_000, commits_max: 10 })).toThrow("could not be started");
});
