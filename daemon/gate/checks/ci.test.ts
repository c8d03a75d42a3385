import { describe, expect, test } from "bun:test";
import { adding, outcomeOf } from "../../testing/checks.ts";
import type { TextChange } from "../../testing/facts.ts";
import ci from "./ci.ts";

const PATH = ".github/workflows/ci.yml";
const change = (old: string | null, now: string): TextChange[] => [{ path: PATH, old, new: now }];

async function found(rule: string, changes: readonly TextChange[]) {
  const { findings } = await outcomeOf(ci, changes);
  return findings.filter((finding) => finding.rule === rule).map((finding) => finding.message);
}

const job = (permissions: string, id = "build") => `  ${id}:\n    runs-on: x\n${permissions}    steps:\n      - run: make\n`;
const workflow = (top: string, ...jobs: string[]) => `on: push\n${top}jobs:\n${jobs.join("")}`;
const TOP = (scope: string, level: string) => `permissions:\n  ${scope}: ${level}\n`;
const JOB = (scope: string, level: string) => `    permissions:\n      ${scope}: ${level}\n`;

describe("ci.permission-raised", () => {
  const raises = (old: string | null, now: string) => found("ci.permission-raised", change(old, now));

  test("from read to write, at the top and in one job", async () => {
    expect(await raises(workflow(TOP("contents", "read"), job("")), workflow(TOP("contents", "write"), job("")))).toEqual(["contents rises from read to write for build"]);
    expect(await raises(workflow(TOP("contents", "read"), job("")), workflow(TOP("contents", "read"), job(JOB("packages", "write"))))).toEqual(["packages rises from none to write for build"]);
  });

  test("an absent block spelled out is no raise", async () => {
    const old = workflow("", job(""), job("", "release"));
    const now = workflow(TOP("contents", "read"), job(""), job(JOB("contents", "write"), "release"));
    expect(await raises(old, now)).toEqual([]);
  });

  test("id-token is never part of the default, so asking for it is a raise", async () => {
    expect(await raises(workflow("", job("")), workflow("", job(JOB("id-token", "write"))))).toEqual(["id-token rises from none to write for build"]);
  });

  test("taking a limit away raises to the unknown default", async () => {
    expect(await raises(workflow(TOP("contents", "read"), job("")), workflow("", job("")))).toContain("contents rises from read to whatever the repository's default is for build");
  });

  test("moving the same block between workflow and job is no raise", async () => {
    const all = "    permissions:\n      contents: write\n";
    expect(await raises(workflow(TOP("contents", "write"), job("")), workflow("permissions: {}\n", job(all)))).toEqual([]);
  });

  test("a renamed job keeps what its file had; a second job that gets it too is a raise", async () => {
    expect(await raises(workflow("permissions: {}\n", job(JOB("contents", "write"))), workflow("permissions: {}\n", job(JOB("contents", "write"), "release")))).toEqual([]);
    const two = (level: string) => workflow("permissions: {}\n", job(JOB("contents", "write")), job(JOB("contents", level), "docs"));
    expect(await raises(two("read"), two("write"))).toEqual(["contents rises from read to write for docs"]);
  });

  test("new jobs without a block, where each job had its own, take the default as any new workflow does (zod 481f7be4)", async () => {
    const release = job(JOB("contents", "write"), "release");
    expect(await raises(workflow("", release), workflow("", release, job("", "lint")))).toEqual([]);
    expect(await raises(workflow(TOP("contents", "read"), job("")), workflow("", job("", "renamed")))).toContain("contents rises from read to whatever the repository's default is for renamed");
  });

  test("hono 16c4e38 as it was: the block narrows contents, and yet grants id-token, which no default does", async () => {
    const grants = "    permissions:\n      contents: read\n      id-token: write\n      pull-requests: write\n";
    expect(await raises(workflow("", job("", "publish")), workflow(TOP("contents", "read"), job(grants, "publish")))).toEqual(["id-token rises from none to write for publish"]);
  });

  test("a new workflow: a stated write is a raise, an absent block is not", async () => {
    expect(await raises(null, workflow(TOP("packages", "write"), job("")))).toEqual(["packages rises from none to write for build"]);
    expect(await raises(null, workflow("", job("")))).toEqual([]);
  });

  test("a workflow moved in from where nothing runs it counts as new", async () => {
    const text = workflow(TOP("contents", "write"), job(""));
    expect(await found("ci.permission-raised", [{ path: PATH, old_path: "docs/ci.yml", old: text, new: text }])).toEqual(["contents rises from none to write for build"]);
  });

  test("anchors, flow style and quoting do not hide it; CRLF neither", async () => {
    const old = workflow(TOP("contents", "read"), job(""));
    for (const block of ["permissions: { \"contents\": 'write' }\n", "x: &p { contents: write }\npermissions: *p\n", "permissions:\r\n  contents: write\r\n", "permissions: { contents: WRITE }\n"]) {
      expect(await raises(old, workflow(block, job("")))).toEqual(["contents rises from read to write for build"]);
    }
  });
});

describe("ci.privileged", () => {
  const privileged = (old: string | null, now: string) => found("ci.privileged", change(old, now));
  const run = (script: string, on = "pull_request") => `on: ${on}\njobs:\n  a:\n    steps:\n      - run: ${JSON.stringify(script)}\n`;

  test.each(["pull_request_target", "[push, pull_request_target]", "\n  pull_request_target:\n    types: [opened]"])("on: %s", async (on) => {
    expect((await privileged(run("make"), run("make", on))).length).toBe(1);
  });

  test("a trigger that was already there is not new", async () => {
    expect(await privileged(run("make", "pull_request_target"), run("make all", "pull_request_target"))).toEqual([]);
  });

  test("write-all, at the top and in a job", async () => {
    expect((await privileged(workflow("", job("")), workflow("permissions: write-all\n", job("")))).length).toBe(1);
    expect((await privileged(workflow("", job("")), workflow("", job("    permissions: write-all\n")))).length).toBe(1);
  });

  test.each([
    "${{ github.event.issue.title }}", "${{github.event.comment.body}}", "${{ github.head_ref }}", "${{ github.event.pull_request.head.ref }}", "${{ github['event']['issue'][\"title\"] }}",
    "${{ toJSON(github.event) }}", "${{ toJson( github.event.commits ) }}", "${{ github.event.commits[0].message }}", "${{ github.event.head_commit.author.name }}", "${{ format('{0}', github.event.review.body) }}",
    "${{ github . event . issue . title }}", "${{ GITHUB.EVENT.ISSUE.TITLE }}", "${{ github.event.pages.*.page_name }}",
  ])("echo %s", async (expression) => {
    expect((await privileged(null, run(`echo "${expression}"`))).length).toBe(1);
  });

  test.each([
    "${{ github.event.number }}", "${{ github.event.pull_request.number }}", "${{ github.sha }}", "${{ github.event.pull_request.head.sha }}", "${{ github.event.repository.name }}", "${{ inputs.version }}",
    "${{ github.event.inputs.tag }}", "${{ github.event_name }}", "${{ secrets.TOKEN }}", "${{ github.event.release.tag_name }}",
  ])("echo %s is nobody's text", async (expression) => {
    expect(await privileged(null, run(`echo "${expression}"`))).toEqual([]);
  });

  test("in github-script and in composite actions too, not in if: or env:", async () => {
    const script = "on: issues\njobs:\n  a:\n    steps:\n      - uses: actions/github-script@v8\n        with:\n          script: console.log(`${{ github.event.issue.body }}`)\n";
    expect((await privileged(null, script)).length).toBe(1);
    const action = "runs:\n  using: composite\n  steps:\n    - run: echo ${{ github.event.issue.title }}\n      shell: bash\n";
    expect((await found("ci.privileged", adding("action.yml", action))).length).toBe(1);
    const guarded = "on: issues\njobs:\n  a:\n    if: contains(github.event.issue.title, 'x')\n    steps:\n      - if: ${{ github.event.issue.body != '' }}\n        run: echo \"$B\"\n        env: { B: \"${{ github.event.issue.body }}\" }\n";
    expect(await privileged(null, guarded)).toEqual([]);
  });

  test("one more paste of a text that was pasted before is new, a moved one is not", async () => {
    const one = "echo ${{ github.head_ref }}";
    expect((await privileged(run(one), run(`${one}; ${one}`))).length).toBe(1);
    expect(await privileged(run(one), run(`set -e; ${one}`))).toEqual([]);
  });

  test("checking out an outsider's code under a privileged trigger", async () => {
    const checkout = (on: string, ref: string) => `on: ${on}\njobs:\n  a:\n    steps:\n      - uses: actions/checkout@v6\n        with:\n          ref: ${ref}\n`;
    const head = "${{ github.event.pull_request.head.sha }}";
    expect((await privileged(checkout("pull_request_target", "main"), checkout("pull_request_target", head))).length).toBe(1);
    expect((await privileged(null, checkout("workflow_run", "${{ github.event.workflow_run.head_sha }}"))).length).toBe(1);
    expect(await privileged(null, checkout("pull_request", head))).toEqual([]);
  });
});

describe("what cannot be read is not passed", () => {
  const bomb = `a: &a [x, x]\n${"bcdefghij".split("").map((name, i) => `${name}: &${name} [${Array(9).fill(`*${"abcdefghi"[i]}`).join(", ")}]`).join("\n")}\n`;

  test.each([
    ["broken YAML", "on: [push\njobs: {"], ["two keys of one name", "on: push\npermissions: read-all\npermissions: write-all\n"], ["an alias bomb", bomb], ["a list", "- a\n"], ["two documents", "on: push\n---\non: push\n"],
    ["absurd nesting", `on: ${"[".repeat(20_000)}`],
  ])("%s", async (_, text) => {
    expect((await outcomeOf(ci, change(null, text))).result).toBe("unavailable");
  });

  test("a workflow that was not handed over whole", async () => {
    expect((await outcomeOf(ci, change(null, "on: push\n"), { wants: () => false })).result).toBe("unavailable");
  });

  test("a base that did not parse makes everything in the new text new", async () => {
    expect(await found("ci.permission-raised", change("on: [", workflow(TOP("contents", "write"), job(""))))).toEqual(["contents rises from none to write for build"]);
  });
});

describe("ci.changed", () => {
  test("added, changed, removed and moved away", async () => {
    expect(await found("ci.changed", change(null, "on: push\n"))).toEqual(["what runs in CI was added"]);
    expect(await found("ci.changed", [{ path: "Jenkinsfile", old: "a\n", new: "b\n" }])).toEqual(["what runs in CI was changed"]);
    expect(await found("ci.changed", [{ path: PATH, old: "on: push\n", new: null }])).toEqual(["what runs in CI was removed"]);
    expect((await found("ci.changed", [{ path: "old.yml", old_path: PATH, old: "on: push\n", new: "on: push\n" }])).length).toBe(1);
  });

  test("an action at the root is the product of an action repository, not its CI", async () => {
    expect(await found("ci.changed", adding("action.yml", "runs:\n  using: node24\n"))).toEqual([]);
  });
});
