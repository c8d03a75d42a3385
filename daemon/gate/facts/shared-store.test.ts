/** In mode `host` all callers of a repository share one object store: what one sent must not change what is seen for another. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { FactsLimits } from "../../../proto/config.ts";
import type { Repository } from "../../platform/git/repository-store.ts";
import { Scratch, type Source } from "../../platform/git/testing/scratch.ts";
import { collect } from "./collect.ts";

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create();
});
afterAll(() => scratch.dispose());

const limits = Value.Create(FactsLimits);

async function factsIn({ git_dir, object_format }: Repository, target: string, head: string) {
  const { reply } = await collect({ kind: "facts", git: { ...scratch.tools }, git_dir, object_format, target, head, want_tree_sha256: true, trusted_target: true, facts_path: join(scratch.root, "facts.json"), policy_path: join(scratch.root, "policy"), deadline_ms: 20_000, limits, declared: { commands: {}, obligations: {} } });
  return reply;
}

/** A change over a target whose configuration tightens, as its author streams it. */
async function victim(): Promise<{ source: Source; base: string; target: string; head: string }> {
  const source = scratch.source("victim");
  const base = await source.commit({ a: "1\n" });
  source.git("switch", "-qc", "topic");
  const head = await source.commit({ "test/a.test.ts": "test.skip('a', () => {});\n" });
  source.git("switch", "-q", "main");
  const target = await source.commit({ "maestro.yaml": "version: 1\nrequired: [licence]\n" });
  return { source, base, target, head };
}

test("attack: another caller sends commits around the change, its own trees and tags, and a replacement for each id it knows", async () => {
  const { source, base, target, head } = await victim();
  const alone = await scratch.stored(source, [target, head, base], "alone");
  const planted = await scratch.store.open("shared", "sha1");
  const planter = scratch.source("planter");
  planter.git("fetch", "-q", source.path, "main", "topic");
  const looser = planter.tree(["100644", "maestro.yaml", planter.object("blob", "version: 1\n")]);
  const replacement = planter.commitTree(looser, [base], "in place of the target");
  const future = planter.object("commit", `tree ${looser}\nparent ${target}\nparent ${head}\nauthor A <a@example.org> 4000000000 +0000\ncommitter A <a@example.org> 4000000000 +0000\n\nboth\n`);
  const past = planter.object("commit", `tree ${looser}\nauthor A <a@example.org> 1 +0000\ncommitter A <a@example.org> 1 +0000\n\nolder than all\n`);
  for (const oid of [target, head, base]) planter.git("replace", "-f", oid, replacement);
  const commits = [replacement, future, past];
  await scratch.receive(planted, { cuts: commits, tips: commits }, planter.body(commits, commits));
  // Nothing of a pack is a ref, a graft or a shallow edge of the store, so nothing of these can be planted by one.
  expect(scratch.files(planted).filter((name) => /refs\/.+|packed-refs|grafts|shallow|alternates/.test(name) && !/^sha1\.git\/refs\/(?:heads|tags)$/.test(name))).toEqual([]);
  await scratch.receive(planted, { tips: [target, head, base] }, source.body(source.git("rev-list", target, head).split("\n"), [target, head, base]));
  const [with_planted, without] = [await factsIn(planted, target, head), await factsIn(alone, target, head)];
  expect(with_planted).toEqual(without);
  expect(with_planted.config).toMatchObject({ state: "read", config: { required: ["licence"] } });
});
