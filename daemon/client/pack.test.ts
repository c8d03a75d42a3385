import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PACK_BODY_HEADER_BYTES_MAX } from "../../proto/pack-body.ts";
import { pathText } from "../../proto/scalar.ts";
import type { Repository } from "../platform/git/repository-store.ts";
import { Scratch, Source } from "../platform/git/testing/scratch.ts";
import { skipWithout } from "../testing/skip.ts";
import { nameOfUrl, originOf } from "./origin.ts";
import { planChange, planReplay, type PackPlan } from "./pack.ts";

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create();
});
afterAll(() => scratch.dispose());

let count = 0;
const fresh = (): Source => scratch.source(`client-${count++}`);

/** Streams a plan into a daemon-side store of its own. */
async function sent(plan: PackPlan): Promise<Repository> {
  const repository = await scratch.store.open(`local:0:client-${count++}`, plan.object_format);
  await scratch.receive(repository, plan, plan.pack());
  return repository;
}

async function resolved(plan: PackPlan & { target: string }): Promise<unknown> {
  await using reader = scratch.reader(await sent(plan));
  return await reader.history.resolveChange(plan.target, plan.head);
}

/** main with two commits after the fork, branch with two of its own. */
async function forked(): Promise<{ source: Source; base: string; target: string; head: string }> {
  const source = fresh();
  await source.commit({ f: "0\n" });
  const base = await source.commit({ f: "1\n" });
  source.git("checkout", "-q", "-b", "branch");
  await source.commit({ g: "1\n" });
  const head = await source.commit({ g: "2\n" });
  source.git("checkout", "-q", "main");
  await source.commit({ h: "1\n" });
  const target = await source.commit({ h: "2\n" });
  source.git("checkout", "-q", "branch");
  return { source, base, target, head };
}

describe("what is planned is what the daemon needs", () => {
  test("a branch: merge base, target and head arrive, the history between is known", async () => {
    const { source, base, target, head } = await forked();
    const plan = await planChange(source.path);
    expect(plan).toMatchObject({ target, head, target_ref: "refs/heads/main", shallow: false, history_truncated: false, tips: [target, head, base] });
    expect(await resolved(plan)).toEqual({ known: true, ancestry: "verified-by-hash", kind: "merge", base, target, head });
  });

  test("from a folder inside the work tree, and from a bare clone", async () => {
    const { source, target, head } = await forked();
    mkdirSync(join(source.path, "deep/er"), { recursive: true });
    expect(await planChange(join(source.path, "deep/er"))).toMatchObject({ target, head });
    source.git("clone", "-q", "--bare", ".", "../bare.git");
    expect(await planChange(join(source.path, "../bare.git"), { head: "branch" })).toMatchObject({ target, head });
  });

  test("head on the target: its first parent, and the merged side's commits", async () => {
    const { source, target, head } = await forked();
    source.git("checkout", "-q", "main");
    source.git("merge", "-q", "--no-edit", "branch");
    const merge = source.git("rev-parse", "HEAD");
    const plan = await planChange(source.path);
    await using reader = scratch.reader(await sent(plan));
    expect(await reader.history.resolveChange(plan.target, plan.head)).toMatchObject({ known: true, kind: "landed", base: target, head: merge });
    const { commits, gap } = await reader.history.commits(target, merge, 10);
    expect([commits.map(({ oid }) => oid).slice(0, 2), commits.length, gap]).toEqual([[merge, head], 3, null]);
  });

  test("a root commit", async () => {
    const source = fresh();
    await source.commit({ f: "1" });
    expect(await resolved(await planChange(source.path))).toMatchObject({ known: true, kind: "landed", base: null });
  });

  test("two merge bases arrive as two", async () => {
    const source = fresh();
    await source.commit({ f: "0" });
    const tree = source.treeOf("HEAD");
    const [a, b] = [source.commitTree(tree, ["HEAD"], "a"), source.commitTree(tree, ["HEAD"], "b")];
    source.git("update-ref", "refs/heads/main", source.commitTree(tree, [a, b]));
    source.git("update-ref", "refs/heads/other", source.commitTree(tree, [b, a]));
    expect(await resolved(await planChange(source.path, { head: "other" }))).toMatchObject({ known: false, because: "several_merge_bases" });
  });

  test("a side branch from far below the merge base stays known", async () => {
    const source = fresh();
    const old = await source.commit({ f: "0" });
    for (let n = 1; n < 6; n++) await source.commit({ f: String(n) });
    source.git("checkout", "-q", "-b", "side", old);
    await source.commit({ side: "1" });
    source.git("checkout", "-q", "-b", "branch", "main");
    source.git("merge", "-q", "--no-edit", "side");
    const base = source.git("rev-parse", "main");
    source.git("checkout", "-q", "main");
    await source.commit({ main: "1" });
    expect(await resolved(await planChange(source.path, { head: "branch" }))).toMatchObject({ known: true, kind: "merge", base });
  });

  test("a shallow clone of depth 1 is said, and the daemon calls it unknown", async () => {
    const { source } = await forked();
    source.git("clone", "-q", "--depth=1", `file://${source.path}`, "../shallow");
    const plan = await planChange(join(source.path, "../shallow"));
    expect(plan.shallow).toBe(true);
    expect(await resolved(plan)).toMatchObject({ known: false, because: "history_cut" });
  });

  test("a history longer than commits_max is cut, said, and unknown", async () => {
    const { source } = await forked();
    const plan = await planChange(source.path, { commits_max: 2 });
    expect(plan.history_truncated).toBe(true);
    expect(await resolved(plan)).toMatchObject({ known: false });
  });

  test("a sha256 repository", async () => {
    const source = scratch.source("client-sha256", "sha256");
    await source.commit({ f: "1" });
    const head = await source.commit({ f: "2" });
    expect(await resolved(await planChange(source.path))).toMatchObject({ known: true, kind: "landed", head });
  });

  test("the body begins with its header and is made anew by each call", async () => {
    const { source } = await forked();
    const plan = await planChange(source.path);
    const [one, two] = [await new Response(plan.pack()).bytes(), await new Response(plan.pack()).bytes()];
    expect(one.subarray(0, PACK_BODY_HEADER_BYTES_MAX).toString()).toEqual(two.subarray(0, PACK_BODY_HEADER_BYTES_MAX).toString());
    expect(Buffer.from(one.subarray(0, 15)).toString()).toBe("maestro-pack 1 ");
  });
});

describe("replay", () => {
  test("the last changes of head by first parent, newest first, in one pack", async () => {
    const { source } = await forked();
    source.git("checkout", "-q", "main");
    source.git("merge", "-q", "--no-edit", "branch");
    const chain = source.git("rev-list", "--first-parent", "main").split("\n");
    const plan = await planReplay(source.path, { last: 3 });
    expect(plan.changes).toEqual([0, 1, 2].map((at) => ({ base: chain[at + 1] ?? null, head: chain[at] ?? "" })));
    await using reader = scratch.reader(await sent(plan));
    for (const { head } of plan.changes) expect(await reader.history.resolveChange(plan.head, head)).toMatchObject({ known: true, kind: "landed" });
  });

  test("reaches the root commit, except in a shallow clone, where the last commit is no root", async () => {
    const { source } = await forked();
    expect((await planReplay(source.path, { last: 100 })).changes.at(-1)?.base).toBeNull();
    source.git("clone", "-q", "--depth=2", `file://${source.path}`, "../shallow-replay");
    const plan = await planReplay(join(source.path, "../shallow-replay"), { last: 100 });
    expect(plan.changes.map(({ base }) => base === null)).toEqual([false]);
  });
});

describe("clear errors", () => {
  test("not a repository, no such folder, a file", async () => {
    const folder = join(scratch.root, "plain");
    mkdirSync(folder);
    writeFileSync(join(folder, "file"), "");
    for (const path of [folder, join(folder, "none"), join(folder, "file")]) await expect(planChange(path)).rejects.toMatchObject({ code: "git.not_repository" });
  });

  test.skipIf(skipWithout(process.getuid?.() === 0, "another owner's repository: needs root for chown"))("a repository of another user is not called no repository", async () => {
    const { path } = fresh();
    chownSync(path, 65_534, 65_534);
    await expect(planChange(path, { env: { HOME: scratch.root, PATH: process.env["PATH"] } })).rejects.toMatchObject({ code: "git.foreign_owner" });
  });

  test("no commit yet, unknown names, names that are options", async () => {
    const empty = fresh();
    await expect(planChange(empty.path)).rejects.toMatchObject({ code: "git.empty_repository" });
    const { source } = await forked();
    await expect(planChange(source.path, { target: "origin/main" })).rejects.toMatchObject({ code: "git.unknown_ref", detail: "origin/main" });
    for (const head of ["nope", "--all", "-h", "HEAD:f", "HEAD\n--all"]) await expect(planChange(source.path, { head })).rejects.toMatchObject({ code: "git.unknown_ref" });
  });
});

describe("names", () => {
  test("of the repository: host, owner, name, never a password", () => {
    const named: Record<string, string | null> = {
      "https://user:secret@GitHub.com/a/b.git": "github.com/a/b",
      "ssh://git@host:2222/a/b/": "host:2222/a/b",
      "git@github.com:a/b.git": "github.com/a/b",
      "https://host/a/b?token=x": "host/a/b",
      "/srv/git/x.git": null,
      "../x": null,
      "file:///srv/x": null,
      "C:\\x": "c/\\x",
    };
    expect(Object.fromEntries(Object.keys(named).map((url) => [url, nameOfUrl(url)]))).toEqual(named);
  });

  test("without an origin the folder's; text from the configuration keeps to one word", async () => {
    const source = fresh();
    expect(originOf(join(source.path, ".git")).name).toBe(source.path.split("/").at(-1) ?? "");
    source.git("config", "remote.upstream.url", "https://wrong/x");
    source.git("config", "remote.origin.url", "https://u:p@h/a b c.git");
    expect(originOf(join(source.path, ".git")).name).toBe("h/a-b-c");
  });

  test("of the target: what its own repository calls the branch", async () => {
    const { source, target } = await forked();
    source.git("clone", "-q", ".", "../cloned");
    const cloned = join(source.path, "../cloned");
    expect(await planChange(cloned, { target: "origin/main" })).toMatchObject({ target_ref: "refs/heads/main", target });
    expect((await planChange(cloned)).target_ref).toBe("refs/heads/branch");
    expect((await planChange(source.path, { target: "main~1" })).target_ref).toBe(source.git("rev-parse", "main~1"));
  });
});

describe("nothing in the client's repository runs", () => {
  test("fsmonitor, filters, textconv, hooks, aliases, ssh command, pager, external diff", async () => {
    const { source } = await forked();
    const canary = join(scratch.root, "canary");
    const script = join(scratch.root, "run.sh");
    writeFileSync(script, `#!/bin/sh\necho "$0 $@" >> ${canary}\n`);
    chmodSync(script, 0o755);
    mkdirSync(join(source.path, ".git/hooks"));
    for (const hook of ["pre-auto-gc", "post-index-change", "reference-transaction", "fsmonitor-watchman", "post-checkout"]) writeFileSync(join(source.path, ".git/hooks", hook), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    await source.commit({ ".gitattributes": "* filter=evil diff=evil merge=evil\n", f: "changed\n" });
    for (const key of ["core.fsmonitor", "core.pager", "core.sshCommand", "core.gitProxy", "core.alternateRefsCommand", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.textconv", "diff.evil.command", "diff.external", "merge.evil.driver", "gpg.program", "uploadpack.packObjectsHook", "alias.rev-list", "credential.helper"]) {
      source.git("config", key, key.startsWith("alias") ? `!${script}` : script);
    }
    // The control: an ordinary status starts the monitor, so the canary works.
    Bun.spawnSync({ cmd: ["git", "status"], cwd: source.path });
    expect(existsSync(canary)).toBe(true);
    writeFileSync(canary, "");
    const plan = await planChange(source.path);
    await resolved(plan);
    await sent(await planReplay(source.path, { last: 10 }));
    expect(await Bun.file(canary).text()).toBe("");
  });

  test("a partial clone fetches nothing, though its ssh command would be run for it", async () => {
    const { source } = await forked();
    source.git("config", "uploadpack.allowFilter", "true");
    source.git("clone", "-q", "--filter=blob:none", "--no-checkout", `file://${source.path}`, "../partial");
    const partial = new Source(join(source.path, "../partial"));
    const canary = join(scratch.root, "ssh-canary");
    const script = join(scratch.root, "ssh.sh");
    writeFileSync(script, `#!/bin/sh\ntouch ${canary}\nexit 1\n`, { mode: 0o755 });
    partial.git("config", "remote.origin.url", "ssh://host/x");
    partial.git("config", "core.sshCommand", script);
    const plan = await planChange(partial.path, { head: "origin/branch", target: "origin/main" });
    await expect(sent(plan)).rejects.toMatchObject({ code: "intake.incomplete" });
    expect(existsSync(canary)).toBe(false);
    expect(() => partial.git("cat-file", "-p", "origin/main:f")).toThrow();
    expect(existsSync(canary)).toBe(true);
  });

  test("replace refs and grafts do not change what is sent", async () => {
    const { source, head, target, base } = await forked();
    source.git("replace", head, target);
    mkdirSync(join(source.path, ".git/info"));
    writeFileSync(join(source.path, ".git/info/grafts"), `${target}\n`);
    expect(await resolved(await planChange(source.path))).toMatchObject({ known: true, base, target, head });
  });

  test("alternates: the client reads them, the daemon opens nothing outside its store", async () => {
    const { source } = await forked();
    source.git("clone", "-q", "--shared", ".", "../borrower");
    const borrower = new Source(join(source.path, "../borrower"));
    const head = await borrower.commit({ own: "1" });
    const repository = await sent(await planChange(borrower.path, { target: "origin/main" }));
    expect(existsSync(join(borrower.path, ".git/objects/info/alternates"))).toBe(true);
    expect(readdirSync(repository.git_dir, { recursive: true }).map(String).filter((name) => name.includes("alternates"))).toEqual([]);
    await using reader = scratch.reader(repository);
    const { entries } = await reader.listTree(borrower.treeOf(head), 100);
    expect(entries.map(({ path }) => pathText(path))).toEqual(["f", "g", "own"]);
  });
});
