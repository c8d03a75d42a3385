/** The question is put before anything is read, and costs no second merge and no second reader. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { Limits } from "../../../proto/config.ts";
import type { FactsJob } from "../../../proto/worker.ts";
import { Scratch } from "../../platform/git/testing/scratch.ts";
import { collect } from "./collect.ts";
import { questionOf } from "./question.ts";

let scratch: Scratch;
let job: FactsJob;
let diary: string;
beforeAll(async () => {
  scratch = await Scratch.create();
  const source = scratch.source("source");
  await source.commit({ a: "1\n" });
  source.git("checkout", "-q", "-b", "topic");
  const head = await source.commit({ b: "1\n" });
  source.git("checkout", "-q", "main");
  const target = await source.commit({ c: "1\n" });
  const { git_dir, object_format } = await scratch.stored(source, source.git("rev-list", target, head).split("\n"), "local:0:question");
  diary = join(scratch.root, "diary");
  const counted = join(scratch.root, "counted-git");
  writeFileSync(counted, `#!/bin/sh\necho "$*" >> '${diary}'\nexec '${scratch.tools.git}' "$@"\n`);
  chmodSync(counted, 0o755);
  const [facts_path, policy_path] = [join(scratch.root, "facts.json"), join(scratch.root, "policy")];
  job = { kind: "facts", git: { ...scratch.tools, git: counted }, git_dir, object_format, target, head, want_tree_sha256: true, trusted_target: false, facts_path, policy_path, deadline_ms: 60_000, limits: Value.Create(Limits).facts, declared: { commands: {}, obligations: {} } };
});
afterAll(() => scratch.dispose());

/** How often git was started for each of these since the last look. */
function started(): Record<string, number> {
  const lines = readFileSync(diary, "utf8").split("\n");
  writeFileSync(diary, "");
  return Object.fromEntries(["cat-file", "merge-tree", "diff-tree", "ls-tree"].map((name) => [name, lines.filter((line) => line.split(" ").includes(name)).length]));
}

test("facts behind a question are the facts without one, at the price of one more list of what differs", async () => {
  const alone = await collect(job);
  expect(started()).toEqual({ "cat-file": 1, "merge-tree": 1, "diff-tree": 1, "ls-tree": 1 });
  const { reply, resolved } = await questionOf({ ...job, kind: "question" });
  expect([reply.change_sha256 === null, started()]).toEqual([false, { "cat-file": 1, "merge-tree": 1, "diff-tree": 1, "ls-tree": 0 }]);
  const behind = await collect(job, resolved);
  expect(started()).toEqual({ "cat-file": 0, "merge-tree": 0, "diff-tree": 1, "ls-tree": 1 });
  expect(behind).toEqual(alone);
});

test("where git cannot be started there is no digest, so nothing is used again or kept", async () => {
  expect(await questionOf({ ...job, kind: "question", git_dir: join(scratch.root, "nowhere") })).toEqual({ reply: { kind: "question", change_sha256: null }, resolved: null });
});
