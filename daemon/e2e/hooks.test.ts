/** Hooks of agents and of git against a real daemon, real git and a real bare repository. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Source } from "../platform/git/testing/scratch.ts";
import { CLI } from "../testing/programs.ts";
import { AGENT, oneDocument, World, type GateDocument, type Ran } from "./testing/world.ts";

const CONFLICT = "<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n";
const CLEAN = { "src/b.ts": "export const b = 2;\n" };
const WORKFLOW = { ".github/workflows/a.yml": "on: push\njobs: {}\n" };

let world: World;
beforeAll(async () => {
  world = new World();
  await world.daemon();
}, 120_000);
afterAll(() => world.dispose());

const environment = (): Record<string, string> => ({ HOME: world.home, PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8", MAESTRO_STATE: world.state_dir, MAESTRO_CONFIG: world.path("no-host-config.yaml") });

async function hook(agent: string, cwd: string, payload: object, env: Record<string, string> = {}): Promise<Ran & { readonly ms: number }> {
  const started = performance.now();
  const child = Bun.spawn([process.execPath, CLI, "hook", agent], { cwd, env: { ...environment(), ...env }, stdin: Buffer.from(JSON.stringify(payload)), stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr, ms: performance.now() - started };
}

const shell = (cwd: string, command: string): object => ({ hook_event_name: "PreToolUse", tool_name: "Bash", tool_input: { command }, cwd });

/** A clone with a remote-tracking `main`, standing on a branch of its own. */
async function clone(change: Record<string, string | null>, message = "a change"): Promise<{ source: Source; bare: string }> {
  const upstream = await world.repository();
  const bare = `${upstream.path}.git`;
  upstream.git("clone", "-q", "--bare", ".", bare);
  const path = `${upstream.path}-clone`;
  upstream.git("clone", "-q", bare, path);
  const source = new Source(path);
  source.git("switch", "-qc", "change");
  await source.commit(change, message);
  return { source, bare };
}

describe("an agent's push", () => {
  test("is let through by the gate that runs then, and by the verdict that stands afterwards", async () => {
    const { source } = await clone(CLEAN);
    expect(await hook("claude", source.path, shell(source.path, "git push -u origin change"))).toMatchObject({ code: 0, stderr: "" });
    const total = (await world.status()).gates.total;
    expect((await hook("claude", source.path, shell(source.path, "cd src && git push origin HEAD"))).code).toBe(0);
    // The second one asked for the verdict and made none.
    expect((await world.status()).gates.total).toBe(total);
  }, 120_000);

  test("is stopped where the gate refuses, wherever it would go, with the rule and no word of the change outside quotes", async () => {
    const { source } = await clone({ "src/b.ts": CONFLICT });
    for (const command of ["git push origin change", "bash -c 'git push'"]) {
      const ran = await hook("claude", source.path, shell(source.path, command));
      expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining("merge.conflict-marker")]);
    }
  }, 120_000);

  test("of a held change may go to its own branch, where a person sees it, and not to the branch it waits for", async () => {
    const { source } = await clone(WORKFLOW, AGENT);
    const own = await hook("codex", source.path, shell(source.path, "git push origin change"));
    expect([own.code, own.stderr]).toEqual([0, expect.stringContaining("a person has to look")]);
    for (const command of ["git push origin HEAD:main", "git push origin change:refs/heads/main"]) {
      const ran = await hook("codex", source.path, shell(source.path, command));
      expect([ran.code, JSON.parse(ran.stdout).hookSpecificOutput.permissionDecision]).toEqual([2, "deny"]);
    }
  }, 120_000);

  test("attack: an upstream that is the target itself does not make `git push` harmless", async () => {
    const { source } = await clone(WORKFLOW, AGENT);
    source.git("branch", "-q", "--set-upstream-to=origin/main");
    source.git("config", "push.default", "upstream");
    expect((await hook("claude", source.path, shell(source.path, "git push"))).code).toBe(2);
  }, 120_000);

  test("attack: a configuration that stands does not take a branch along that nobody looked at", async () => {
    const { source } = await clone(CLEAN);
    source.git("branch", "-q", "bad");
    source.git("switch", "-q", "bad");
    await source.commit({ "src/c.ts": CONFLICT }, "bad");
    source.git("switch", "-q", "change");
    const push = () => hook("claude", source.path, shell(source.path, "git push"));
    source.git("config", "push.default", "matching");
    expect(await push()).toMatchObject({ code: 2, stderr: expect.stringContaining("push one branch by its name") });
    source.git("config", "remote.origin.push", "bad:refs/heads/bad");
    expect(await push()).toMatchObject({ code: 2, stderr: expect.stringContaining("merge.conflict-marker") });
  }, 120_000);

  test("without a daemon, or into nowhere, is stopped and says what to do", async () => {
    const { source } = await clone(CLEAN);
    const nobody = { MAESTRO_STATE: world.path("nobody"), CI: "true" };
    const ran = await hook("claude", source.path, shell(source.path, "git push"), nobody);
    expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining("daemon.unreachable")]);
    expect((await hook("claude", source.path, shell("/", "git push"))).code).toBe(2);
    expect((await hook("claude", source.path, shell(source.path, "git push origin nothing-of-that-name"))).code).toBe(2);
    // What needs no daemon goes on without one.
    expect((await hook("claude", source.path, shell(source.path, "ls -la"), nobody)).code).toBe(0);
  }, 120_000);
});

describe("the end of an agent's turn", () => {
  const stop = (cwd: string, again = false): object => ({ hook_event_name: "Stop", stop_hook_active: again, cwd });

  test("with work that the gate refuses is held back once; mended or held for a person, it ends", async () => {
    const { source } = await clone(CLEAN);
    writeFileSync(join(source.path, "src/c.ts"), CONFLICT);
    const ran = await hook("claude", source.path, stop(source.path));
    expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining("merge.conflict-marker")]);
    expect((await hook("claude", source.path, stop(source.path, true))).code).toBe(0);
    writeFileSync(join(source.path, "src/c.ts"), "export const c = 3;\n");
    expect((await hook("claude", source.path, stop(source.path))).code).toBe(0);
    writeFileSync(join(source.path, "AGENTS.md"), "hello\n");
    const held = await hook("claude", source.path, stop(source.path));
    // It is an agent's work although no commit says so: the trailer of the snapshot does.
    expect([held.code, held.stderr]).toEqual([0, expect.stringContaining("guard.self-edit")]);
  }, 120_000);
});

test("gate --worktree judges what is not committed, and leaves the repository alone", async () => {
  const { source } = await clone(CLEAN);
  writeFileSync(join(source.path, "src/c.ts"), CONFLICT);
  const index = source.git("ls-files", "-s");
  const ran = await world.run(["gate", source.path, "--worktree", "--json", "--state", world.state_dir]);
  const document = oneDocument(ran) as GateDocument;
  expect([ran.code, document.card.mode, document.card.reasons[0]?.rule]).toEqual([1, "local", "merge.conflict-marker"]);
  expect([source.git("ls-files", "-s"), source.git("status", "--short"), source.git("stash", "list")]).toEqual([index, "?? src/c.ts", ""]);
  expect((await world.run(["gate", source.path, "--worktree", "--head", "HEAD", "--state", world.state_dir])).code).toBe(2);
}, 120_000);

test("maestro plan: allow, ask and refuse as exit codes, with the hook's reading of announced commands", async () => {
  const { source } = await clone(CLEAN);
  const plan = (...args: string[]): Promise<Ran> => world.run(["plan", ...args, "--state", world.state_dir], { cwd: source.path });
  expect((await plan("src/a.ts", "--lines", "10")).code).toBe(0);
  const guarded = await plan("maestro.yaml", "--install", "left-pad", "--json");
  expect([guarded.code, (oneDocument(guarded) as { reasons: { rule: string }[] }).reasons.map(({ rule }) => rule).sort()]).toEqual([3, ["dep.new-runtime", "guard.self-edit"]]);
  expect((await plan("src/a.ts", "--run", "git commit --no-verify")).stdout).toContain("REFUSE");
  expect(await plan("--run", `patch -p1 <<E\n${"\n".repeat(17_000)}E`)).toMatchObject({ code: 2, stderr: expect.stringContaining("--run takes a command of at most 16384 characters") });
  expect((await plan()).code).toBe(2);
}, 120_000);

describe("git's own hooks", () => {
  const script = (name: string, more = ""): string => `#!/bin/sh\nMAESTRO_STATE='${world.state_dir}' MAESTRO_CONFIG=/nonexistent exec '${process.execPath}' '${CLI}' hook ${name} ${more}\n`;
  const install = (folder: string, name: string, more = ""): void => writeFileSync(join(folder, "hooks", name), script(name, more), { mode: 0o755 });

  function push(source: Source, ...args: string[]): { code: number; text: string } {
    const ran = Bun.spawnSync(["git", "push", ...args], { cwd: source.path, env: { ...environment(), GIT_TERMINAL_PROMPT: "0" } });
    return { code: ran.exitCode, text: ran.stderr.toString() };
  }

  test("pre-receive stops what --no-verify skipped; what is admitted comes in", async () => {
    const { source, bare } = await clone({ "src/b.ts": CONFLICT });
    install(bare, "pre-receive", "--guarded 'refs/heads/release/*'");
    install(join(source.path, ".git"), "pre-push");
    const before = source.git("ls-remote", "origin");
    expect(push(source, "origin", "change").text).toContain("pre-push stops here");
    const skipped = push(source, "--no-verify", "origin", "change", "change:refs/heads/main");
    expect([skipped.code, skipped.text]).toEqual([1, expect.stringContaining("pre-receive stops here")]);
    expect(source.git("ls-remote", "origin")).toBe(before);
    // Nothing of a push that was stopped is left among the objects either.
    expect(readdirSync(join(bare, "objects")).filter((name) => name.startsWith("incoming") || name.startsWith("tmp_objdir"))).toEqual([]);
    await source.commit({ "src/b.ts": "export const b = 2;\n" }, "mended");
    source.git("reset", "-q", "--soft", "origin/main");
    await source.commit({ "src/b.ts": "export const b = 2;\n" }, "mended");
    expect(push(source, "origin", "change:refs/heads/main").text).toContain("refs/heads/main: admit");
    expect(push(source, "origin", "HEAD:refs/heads/release/1", "HEAD:refs/tags/v1").code).toBe(0);
  }, 120_000);

  test("held changes reach their own branch and no guarded one; force, deletion and tags have rules of their own", async () => {
    const { source, bare } = await clone(WORKFLOW, AGENT);
    install(bare, "pre-receive", "--guarded 'refs/heads/release/*'");
    expect(push(source, "origin", "change").text).toContain("held, which does not stop this ref");
    for (const ref of ["refs/heads/main", "refs/heads/release/2", "refs/tags/v2"]) expect([ref, push(source, "origin", `change:${ref}`).code]).toEqual([ref, 1]);
    expect(push(source, "origin", ":refs/heads/main").text).toContain("not deleted by a push");
    expect(push(source, "origin", ":refs/heads/change").code).toBe(0);
    const blob = source.git("hash-object", "-w", "src/a.ts");
    expect(push(source, "origin", `${blob}:refs/tags/blob`).text).toContain("names no commit");
    expect(push(source, "origin", "origin/main:refs/tags/v0").code).toBe(0);
    expect(push(source, "--force", "origin", "change:refs/tags/v0").text).toContain("is not moved");
    source.git("switch", "-q", "--orphan", "other");
    await source.commit(CLEAN, "another history");
    expect(push(source, "--force", "origin", "other:refs/heads/main").code).toBe(1);
  }, 120_000);

  test("attack: a pattern guards what lies below it, one that names no ref is refused, and no commit is replaced", async () => {
    const { source, bare } = await clone(WORKFLOW, AGENT);
    install(bare, "pre-receive", "--guarded 'refs/heads/release/*'");
    expect(push(source, "origin", "change:refs/heads/release/1/x").code).toBe(1);
    expect(push(source, "origin", `change:refs/replace/${source.git("rev-parse", "origin/main")}`).text).toContain("in a commit's place");
    install(bare, "pre-receive", "--guarded 'release/*'");
    expect(push(source, "origin", "change").text).toContain("write refs/heads/release/*");
  }, 120_000);

  test("commits dated before the branch they stand on are no rewriting of it", async () => {
    const { source, bare } = await clone(CLEAN);
    install(bare, "pre-receive");
    const commits = Array.from({ length: 40 }, (_, i) => `commit refs/heads/old\ncommitter A <a@x> ${1_000_000_000 + i} +0000\ndata 2\nc\n${i === 0 ? "from refs/remotes/origin/main^0\n" : ""}M 644 inline src/f${i}.ts\ndata 2\n1\n`);
    Bun.spawnSync(["git", "fast-import", "--quiet"], { cwd: source.path, stdin: Buffer.from(commits.join("\n")) });
    expect(push(source, "origin", "old:refs/heads/main").text).not.toContain("rewritten");
  }, 120_000);

  test("several refs stand or fall together; a first push is judged from its first commit on", async () => {
    const { source } = await clone(CLEAN);
    const empty = world.path("empty.git");
    source.git("init", "-q", "--bare", "-b", "main", empty);
    install(empty, "pre-receive");
    source.git("switch", "-qc", "bad");
    await source.commit({ "src/c.ts": CONFLICT }, "bad");
    await source.commit({ "src/c.ts": "export const c = 1;\n", "src/d.ts": CONFLICT }, "still bad");
    expect(push(source, empty, "change:refs/heads/main", "bad").code).toBe(1);
    expect(source.git("ls-remote", empty)).toBe("");
    expect(push(source, empty, "bad:refs/heads/main").text).toContain("merge.conflict-marker");
    expect(push(source, empty, "change:refs/heads/main").code).toBe(0);
  }, 120_000);

  test("a verdict that does not come in time, or from nobody, is a stop", async () => {
    const { source, bare } = await clone(CLEAN);
    writeFileSync(join(bare, "hooks/pre-receive"), `#!/bin/sh\nCI=1 MAESTRO_STATE='${world.path("nobody")}' exec '${process.execPath}' '${CLI}' hook pre-receive\n`, { mode: 0o755 });
    expect(push(source, "origin", "change").text).toContain("daemon.unreachable");
    install(bare, "pre-receive", "--deadline 0");
    expect(push(source, "origin", "change").code).toBe(1);
  }, 120_000);

  test("pre-commit judges what is staged", async () => {
    const { source } = await clone(CLEAN);
    install(join(source.path, ".git"), "pre-commit");
    const commit = (): { code: number; text: string } => {
      const ran = Bun.spawnSync(["git", "-c", "user.name=A", "-c", "user.email=a@x", "commit", "-qm", "x"], { cwd: source.path, env: environment() });
      return { code: ran.exitCode, text: ran.stderr.toString() };
    };
    writeFileSync(join(source.path, "src/c.ts"), CONFLICT);
    source.git("add", "-A");
    expect([commit().code, existsSync(join(source.path, ".git/index.lock"))]).toEqual([1, false]);
    writeFileSync(join(source.path, "src/c.ts"), "export const c = 3;\n");
    source.git("add", "-A");
    expect(commit().code).toBe(0);
  }, 120_000);
});
