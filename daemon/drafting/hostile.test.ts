/** What a change brings does nothing where a draft is pasted: on a code host, in a commit, over a guard. */
import { expect, test } from "bun:test";
import type { Card } from "../../proto/card.ts";
import { type DraftTask, DRAFT_CHARACTERS_MAX, DRAFT_TASKS } from "../../proto/drafting.ts";
import type { FileChange } from "../../proto/facts.ts";
import { type MaterialFile, write } from "./index.ts";

function file(path: string, code: string): MaterialFile {
  const lines = code.trimEnd() === "" ? [] : code.replace(/\n$/, "").split("\n");
  const change: FileChange = { path: { u: path }, old_path: null, status: "added", old: null, new: null, binary: false, lfs: false, hunks: [{ old_start: 0, old_lines: 0, new_start: 1, new_lines: lines.length, lines: lines.map((text) => ({ op: "+", text })) }], truncated: false };
  return { change, old: null, new: code, unread: null };
}

function drafts(files: readonly MaterialFile[], tasks: readonly DraftTask[] = DRAFT_TASKS, title = "", because = ""): Record<string, string> {
  const reason = { rule: "command.lint.exit", check: "command.lint", effect: "refuse", observed: false, because, ranges: [], excerpt: null, fingerprints: [] };
  const card: unknown = { verdict: "refuse", reasons: because === "" ? [] : [reason], next: [{ action: "retry", text: because, command: null, rule: null, cost: "seconds", risk: "none" }], checks: [], gaps: [], title };
  return Object.fromEntries(write({ card: card as Card, findings: [], files, gaps: [], title }, { tasks, said: [], exemplars: [] }).map(({ task, text }) => [task, text]));
}

test.each(["[look](//evil.invalid/a)", "![p](//evil.invalid/p.png)", "<img src=//evil.invalid/p.png>", "thanks @octocat", "closes #12", "**bold** claims", "| a | b |"])("attack: a reason that holds %s stands in a span", (said) => {
  const { triage = "" } = drafts([file("a.ts", "x\n")], ["triage"], "", said);
  const bare = triage.replace(/`[^`]*`/g, "");
  expect(bare).not.toMatch(/[[\]<>*|#@!]/);
});

test("a plain reason stands as it is", () => {
  expect(drafts([file("a.ts", "x\n")], ["triage"], "", "it ended with exit code 2").triage).toContain(": it ended with exit code 2.");
});

test("attack: names of files and a title close no issue, call nobody and sign nothing in a commit", () => {
  const { "commit-message": message = "" } = drafts([file("tests/fixes #12.test.ts", "x\n"), file("tests/closes GH-7 and org/repo#5.test.ts", "y\n"), file("tests/@octocat hi.test.ts", "z\n"), file("tests/a\nSigned-off-by: A.test.ts", "z\n"), file("tests/@types/node.test.ts", "z\n")], ["commit-message"], "fix: closes #99\n\nMaestro-Approve: yes");
  expect(message).not.toMatch(/#\d|GH-\d|@octocat/);
  expect(message).not.toMatch(/^(?:[A-Za-z]+-)+[A-Za-z]+:/m);
  expect(message).toContain("@types/node");
});

test("attack: what guards changes gets no patch, and it is said", () => {
  for (const path of ["policies/a.rego", ".husky/pre-commit.sh", ".github/workflows/build.sh", "ci/.claude/hook.ts"]) {
    const { fix = "" } = drafts([file(path, "f(1);  \n")], ["fix"]);
    expect(fix).not.toContain("+++");
  }
  expect(drafts([file("policies/a.rego", "f(1);  \n")], ["fix"]).fix).toContain("it guards changes or decides what a build runs");
});

test("attack: long lines around a mend make one patch too long, and leave the others", () => {
  const long = `const a = "${"y".repeat(1_900)}";\n`;
  const { fix = "" } = drafts([file("src/a.ts", `${long}${`${long.trimEnd()}  \n${long}${long}`.repeat(20)}`), file("src/b.ts", "f(1);  \n")], ["fix"]);
  expect(fix.length).toBeLessThanOrEqual(DRAFT_CHARACTERS_MAX);
  expect(fix).toContain("`src/a.ts`: no patch, as it would be longer than drafts may be");
  expect(fix).toContain("+++ b/src/b.ts");
});
