import { expect, test } from "bun:test";
import { cpuMs } from "../../../testing/cpu.ts";
import { parseWorkflow } from "./parse.ts";
import { privileges } from "./privileges.ts";

function pasted(script: string): string[] {
  const workflow = parseWorkflow(`on: issues\njobs:\n  a:\n    steps:\n      - run: |\n          ${script}\n`);
  if ("broken" in workflow) throw new Error(workflow.broken);
  return privileges(workflow).map(({ kind }) => kind);
}

test.each([
  ["braces inside the expression's own text", "echo ${{ format('}}{0}', github.event.issue.title) }}", ["paste github.event.issue.title"]],
  ["a doubled quote before the braces", "echo ${{ format('it''s }}{0}', github.head_ref) }}", ["paste github.head_ref"]],
  ["an expression after such a one", "echo ${{ '}}' }} ${{ github.event.comment.body }}", ["paste github.event.comment.body"]],
  ["an expression that never ends", "echo ${{ github.event.issue.body", ["paste github.event.issue.body"]],
  ["the whole context", "echo ${{ toJSON(github) }}", ["paste github.event"]],
  ["everything in the context", "echo ${{ join(github.*) }}", ["paste github.event"]],
])("attack: %s hides no outsider's text", (_, script, kinds) => {
  expect(pasted(script)).toEqual(kinds);
});

test.each([
  ["a word in quoted text", "echo ${{ contains(inputs.x, '/github/') }}"],
  ["a harmless field", "echo ${{ github.sha }} ${{ github.event.number }}"],
  ["text behind an expression", "echo ${{ inputs.x }} github.event.issue.title }}"],
  ["another name", "echo ${{ env.github }} ${{ my-github }}"],
])("%s is none", (_, script) => {
  expect(pasted(script)).toEqual([]);
});

test("a megabyte of openings and quotes costs no time", () => {
  const started_ms = cpuMs();
  const inside = ["'".repeat(1_000_001), "['".repeat(500_000), `[${" ".repeat(1_000_000)}`, "github.event".repeat(80_000)].map((text) => `\${{ ${text} }}`);
  for (const text of ["${{ '".repeat(200_000), "${{".repeat(300_000), "${{ }}'".repeat(140_000), ...inside]) {
    const step = { uses: "", runs: [text], with: {} };
    expect(privileges({ triggers: new Set(), permissions: null, jobs: [{ id: "a", permissions: null, steps: [step] }] }).length).toBeLessThan(2);
  }
  expect(cpuMs() - started_ms).toBeLessThan(4_000);
});
