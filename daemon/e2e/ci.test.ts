/** The snippets of docs/ci, line by line as their hosts run them: real clones and event files, the hosts' comment APIs as local fakes. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Card } from "../../proto/card.ts";
import { FakeHost } from "../cli/outputs/comment/testing/fake-host.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { CLI } from "../testing/programs.ts";
import { World, type Ran } from "./testing/world.ts";

setDefaultTimeout(120_000);
const DOCS = join(import.meta.dir, "../../docs/ci");
const snippet = (name: string): string => readFileSync(join(DOCS, name), "utf8");

let world: World;
let upstream: Source;
let base: string;
let bad: string;
let good: string;
let jobs = 0;

beforeAll(async () => {
  world = new World();
  await world.daemon();
  mkdirSync(world.path("bin"));
  writeFileSync(world.path("bin/maestro"), `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`, { mode: 0o755 });
  writeFileSync(world.path("bin/buildkite-agent"), `#!/bin/sh\nprintf '%s\\n' "$*" > "${world.path("annotated")}"\ncat >> "${world.path("annotated")}"\n`, { mode: 0o755 });
  upstream = await world.repository({ "src/a.ts": "export const a = 1;\n" }, "upstream");
  base = upstream.git("rev-parse", "HEAD");
  upstream.git("clone", "-q", "--bare", ".", world.path("origin.git"));
  upstream.git("remote", "add", "origin", world.path("origin.git"));
  upstream.git("switch", "-qc", "topic");
  bad = await upstream.commit({ "test/a.test.ts": 'test.only("a", () => {});\n' }, "focus @octocat ::error::x");
  good = await upstream.commit({ "test/a.test.ts": 'test("a", () => {});\n' }, "no focus");
  upstream.git("push", "-q", "origin", "topic", "main");
});
afterAll(() => world.dispose());

interface Job {
  readonly path: string;
  readonly env: Record<string, string>;
}

/** A checkout of one commit with a job's environment around it, and files beside it that the host gives. */
function jobOf(commit: string, env: Readonly<Record<string, string>>, clone: readonly string[] = []): Job {
  const path = world.path(`job${jobs++}`);
  upstream.git("clone", "-q", "--no-checkout", ...clone, `file://${world.path("origin.git")}`, path);
  Bun.spawnSync({ cmd: ["git", "checkout", "-q", "--detach", commit], cwd: path });
  mkdirSync(`${path}.temp`);
  return { path, env: { CI: "true", RUNNER_TEMP: `${path}.temp`, GITHUB_STEP_SUMMARY: `${path}.temp/summary.md`, GITHUB_ENV: `${path}.temp/env`, ...env } };
}

/** One `run:`, as a shell that stops at the first failure. */
async function shell(job: Job, script: string, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const all = { HOME: world.home, XDG_STATE_HOME: world.path("state"), MAESTRO_CONFIG: world.path("none.yaml"), LANG: "C.UTF-8", PATH: `${world.path("bin")}:/usr/local/bin:/usr/bin:/bin`, ...job.env, ...env };
  const child = Bun.spawn(["bash", "-e", "-o", "pipefail", "-c", script], { cwd: job.path, env: all, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, stdout, stderr };
}

const file = (job: Job, name: string): string => (existsSync(join(`${job.path}.temp`, name)) ? readFileSync(join(`${job.path}.temp`, name), "utf8") : "");

async function cardOf(job: Job, commit: string): Promise<Card> {
  const { stdout } = await shell(job, `maestro card ${commit} --json`);
  return (JSON.parse(stdout) as { card: Card }).card;
}

describe("GitHub Actions", () => {
  interface Workflow {
    readonly on: Readonly<Record<string, unknown>>;
    readonly permissions: Readonly<Record<string, string>>;
    readonly jobs: { readonly gate: { readonly permissions: Readonly<Record<string, string>>; readonly steps: readonly { readonly name?: string; readonly if?: string; readonly uses?: string; readonly run?: string; readonly with?: Readonly<Record<string, unknown>> }[] } };
  }
  const workflow = parse(snippet("github.yml")) as Workflow;
  const { steps } = workflow.jobs.gate;
  const runOf = (name: string): string => steps.find((step) => step.name === name)?.run ?? "exit 99";
  const repository = { full_name: "acme/app", default_branch: "main" };

  function eventJob(event: string, payload: unknown, commit: string, fake?: FakeHost, clone?: readonly string[]): Job {
    const job = jobOf(commit, { GITHUB_ACTIONS: "true", GITHUB_EVENT_NAME: event, ...fake?.env }, clone);
    job.env["GITHUB_EVENT_PATH"] = `${job.path}.temp/event.json`;
    writeFileSync(job.env["GITHUB_EVENT_PATH"], JSON.stringify(payload));
    return job;
  }
  const pull = (sha: string) => ({ number: 12, repository, pull_request: { number: 12, head: { sha }, base: { ref: "main", sha: base } } });

  test("the workflow answers to merge queues, gives write rights to one job only, and gates the change's own commit with its history", () => {
    expect(Object.keys(workflow.on).sort()).toEqual(["merge_group", "pull_request", "push"]);
    expect(workflow.permissions).toEqual({ contents: "read" });
    expect(steps[0]?.with).toMatchObject({ "fetch-depth": 0, "persist-credentials": false, ref: "${{ github.event.pull_request.head.sha || github.sha }}" });
    expect(steps.find(({ name }) => name === "Comment")?.if).toContain("!cancelled()");
  });

  test("a pull request: annotated, summarised, commented; the next push updates the comment to clean", async () => {
    using fake = new FakeHost("github");
    fake.head = bad;
    const job = eventJob("pull_request", pull(bad), bad, fake);
    const gate = await shell(job, runOf("Gate"));
    expect([gate.code, gate.stderr]).toEqual([1, expect.stringMatching(/^::error file=test\/a\.test\.ts,line=1,endLine=1,title=test\.focused::/m)]);
    expect(gate.stderr).toContain(`pull_request: ${bad} against origin/main`);
    expect(file(job, "summary.md")).toStartWith("### REFUSE");
    expect(JSON.parse(file(job, "maestro.sarif"))).toMatchObject({ runs: [{ results: [{ ruleId: "test.focused" }] }] });
    expect(await shell(job, runOf("Comment"))).toMatchObject({ code: 0, stderr: expect.stringContaining("comment: created") });
    expect(fake.comments.map(({ body }) => body)).toEqual([expect.stringMatching(/^<!-- maestro:card [0-9a-f]{24} -->\n### REFUSE/)]);
    fake.head = good;
    const next = eventJob("pull_request", pull(good), good, fake);
    expect((await shell(next, runOf("Gate"))).code).toBe(0);
    expect((await shell(next, runOf("Comment"))).stderr).toContain("comment: updated");
    expect(fake.comments.map(({ body }) => body)).toEqual([expect.stringContaining("### ADMIT")]);
  });

  test("a fork's token that may not write: exit 0, and the card stands in the summary once", async () => {
    using fake = new FakeHost("github");
    [fake.head, fake.may_write] = [bad, false];
    const job = eventJob("pull_request", pull(bad), bad, fake);
    expect((await shell(job, runOf("Gate"))).code).toBe(1);
    const exported = Object.fromEntries([file(job, "env").trim().split("=")]) as Record<string, string>;
    const comment = await shell(job, runOf("Comment"), exported);
    expect([comment.code, comment.stderr]).toEqual([0, expect.stringContaining("no comment: ")]);
    expect(file(job, "summary.md").match(/### REFUSE/g)).toHaveLength(1);
    // In a job that did not gate, nobody has said it yet.
    rmSync(`${job.path}.temp/summary.md`);
    expect((await shell(job, runOf("Comment"))).stderr).toContain("::error file=test/a.test.ts");
    expect(file(job, "summary.md")).toStartWith("### REFUSE");
    expect(fake.comments).toEqual([]);
  });

  test("a merge group is gated from its own base, for the branch it lands on", async () => {
    const job = eventJob("merge_group", { repository, merge_group: { head_sha: good, head_ref: "refs/heads/gh-readonly-queue/main/pr-12", base_sha: bad, base_ref: "refs/heads/main" } }, good);
    expect((await shell(job, runOf("Gate"))).code).toBe(0);
    expect(await cardOf(job, good)).toMatchObject({ target_ref: "refs/heads/main", base: bad, head: good });
  });

  test("attack: an evidence file of the change's own is not believed, and not taken for the gate's", async () => {
    using fake = new FakeHost("github");
    fake.head = good;
    const job = eventJob("pull_request", pull(good), good, fake);
    writeFileSync(join(job.path, "maestro-evidence.json"), "{}");
    expect(await shell(job, "maestro comment maestro-evidence.json")).toMatchObject({ code: 2, stderr: expect.stringContaining("--trust") });
    expect((await shell(job, `maestro comment maestro-evidence.json --trust "${world.state_dir}/trust.json"`)).code).not.toBe(0);
    expect(fake.comments).toEqual([]);
  });

  test("attack: a forged bundle is not believed, nor a true one about another commit; a true one about this one is", async () => {
    using fake = new FakeHost("github");
    fake.head = bad;
    const job = eventJob("pull_request", pull(bad), bad, fake);
    expect((await shell(job, runOf("Gate"))).code).toBe(1);
    const comment = `maestro comment "$RUNNER_TEMP/maestro-evidence.json" --trust "${world.state_dir}/trust.json"`;
    expect((await shell(job, comment)).stderr).toContain("comment: created");
    // Well-formed, about this commit, and forged.
    const evidence = file(job, "maestro-evidence.json");
    writeFileSync(`${job.path}.temp/maestro-evidence.json`, evidence.replaceAll('"verdict":"refuse"', '"verdict":"admit"'));
    expect(await shell(job, comment)).toMatchObject({ code: expect.any(Number), stderr: expect.stringContaining("is not believed") });
    expect(fake.comments.map(({ body }) => body)).toEqual([expect.stringContaining("### REFUSE")]);
    writeFileSync(`${job.path}.temp/maestro-evidence.json`, evidence);
    writeFileSync(job.env["GITHUB_EVENT_PATH"] ?? "", JSON.stringify(pull(good)));
    expect(await shell(job, comment)).toMatchObject({ code: 2, stderr: expect.stringContaining("and this job about") });
  });

  test("a clone without the target says how to check out, and gates nothing", async () => {
    const gate = await shell(eventJob("pull_request", pull(bad), bad, undefined, ["--single-branch", "--branch", "topic"]), runOf("Gate"));
    expect([gate.code, gate.stderr]).toEqual([2, expect.stringContaining("origin/main is not in this job's clone")]);
    expect(gate.stdout).toBe("");
  });
});

test("GitLab: the merge request's code quality, JUnit and note", async () => {
  interface Pipeline { readonly maestro: { readonly before_script: readonly string[]; readonly script: readonly string[]; readonly after_script: readonly string[]; readonly artifacts: { readonly reports: Readonly<Record<string, string>> }; readonly variables: Readonly<Record<string, string>> } }
  const { before_script, script, after_script, artifacts, variables } = (parse(snippet("gitlab.yml")) as Pipeline).maestro;
  expect(variables["GIT_DEPTH"]).toBe("0");
  using fake = new FakeHost("gitlab");
  fake.head = bad;
  const job = jobOf(bad, { GITLAB_CI: "true", CI_PIPELINE_SOURCE: "merge_request_event", CI_COMMIT_SHA: bad, CI_PROJECT_ID: "34", CI_MERGE_REQUEST_IID: "12", CI_MERGE_REQUEST_TARGET_BRANCH_NAME: "main", CI_DEFAULT_BRANCH: "main", CI_MERGE_REQUEST_SOURCE_BRANCH_SHA: "", ...fake.env }, ["--single-branch", "--branch", "topic"]);
  const gate = await shell(job, [...before_script, ...script].join("\n"));
  expect([gate.code, gate.stderr]).toEqual([1, expect.not.stringContaining("::error")]);
  expect(JSON.parse(readFileSync(join(job.path, artifacts.reports["codequality"] ?? ""), "utf8"))).toMatchObject([{ check_name: "test.focused", severity: "blocker", location: { path: "test/a.test.ts" } }]);
  expect(readFileSync(join(job.path, artifacts.reports["junit"] ?? ""), "utf8")).toContain('type="test.focused"');
  expect((await shell(job, after_script.join("\n"))).stderr).toContain("comment: created");
  expect(fake.comments.map(({ body }) => body)).toEqual([expect.stringContaining("### REFUSE")]);
});

test("Buildkite: the agent's hook fails the job of a refused change and puts the card on the build", async () => {
  const hook = join(DOCS, "buildkite-pre-command");
  const job = jobOf(bad, { BUILDKITE: "true", BUILDKITE_PIPELINE_DEFAULT_BRANCH: "main", BUILDKITE_PULL_REQUEST: "12", BUILDKITE_PULL_REQUEST_BASE_BRANCH: "main", BUILDKITE_COMMIT: bad });
  job.env["BUILDKITE_BUILD_CHECKOUT_PATH"] = job.path;
  const { code, stderr } = await shell(job, `bash "${hook}"`);
  expect([code, stderr]).toEqual([1, expect.stringContaining("evidence in")]);
  const annotated = readFileSync(world.path("annotated"), "utf8");
  expect(annotated).toStartWith("annotate --context maestro --style error\n### REFUSE");
  expect((await shell(job, `bash "${hook}"`, { BUILDKITE_COMMIT: good })).code).toBe(0);
});

test("a recorded gate in another form; a form nobody knows, and a bundle file, which holds no findings, are refused", async () => {
  const job = jobOf(bad, {});
  const format = (name: string, of = bad) => shell(job, `maestro card "${of}" --format ${name}`);
  expect((await shell(job, 'maestro gate --target origin/main --head HEAD --out "$RUNNER_TEMP/e.json"')).code).toBe(1);
  expect(JSON.parse((await format("sarif")).stdout)).toMatchObject({ version: "2.1.0" });
  expect((await format("annotations")).stdout).toStartWith("::error file=test/a.test.ts");
  expect(await format("serif")).toMatchObject({ code: 2, stderr: expect.stringContaining("did you mean sarif?") });
  expect(await format("sarif", `${job.path}.temp/e.json`)).toMatchObject({ code: 2, stdout: "" });
  expect(await shell(job, "maestro gate --annotations yes")).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("github or none") });
});

test("what the caller names counts more than what the job is about, and --json stays one document beside annotations", async () => {
  const job = jobOf(good, { GITHUB_ACTIONS: "true", GITHUB_EVENT_NAME: "pull_request", GITHUB_EVENT_PATH: "/no/such/event.json" });
  expect((await shell(job, "maestro gate")).code).toBe(2);
  const { code, stdout, stderr } = await shell(job, `maestro gate --json --target origin/main --head ${bad}`);
  expect([code, JSON.parse(stdout)]).toEqual([1, expect.objectContaining({ verdict: "refuse" })]);
  expect(stderr).toContain("::error file=test/a.test.ts");
});

test("Jenkins: the shell lines of the stage", async () => {
  const lines = [...snippet("Jenkinsfile").matchAll(/^\s*sh '([^'\n]+)'$/gm)].map(([, line]) => line ?? "");
  expect(lines).toHaveLength(3);
  const job = jobOf(bad, { JENKINS_URL: "https://ci.example.org/", CHANGE_ID: "12", CHANGE_TARGET: "main" });
  const { code, stdout } = await shell(job, lines.join("\n"));
  expect([code, stdout]).toEqual([1, expect.stringContaining("REFUSE")]);
  for (const name of ["maestro-junit.xml", "maestro.sarif", "maestro-evidence.json"]) expect(existsSync(join(job.path, name))).toBe(true);
});
