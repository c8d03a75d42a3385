import type { FileChange } from "../../../proto/facts.ts";
import { pathText } from "../../../proto/scalar.ts";
import { defineCheck } from "./check.ts";
import { classify } from "../../checking/classify.ts";
import { contentReader, missingBecause } from "./reading/contents.ts";
import { addedLines, lineWith } from "./reading/lines.ts";
import { findingList, type FindingList } from "./reporting/finding.ts";

const WORKFLOWS = ".{github,forgejo,gitea}/workflows/*.{yml,yaml}";
const ACTIONS = "**/action.{yml,yaml}";
const IS_WORKFLOW = /^\.(?:github|forgejo|gitea)\/workflows\/[^/]+\.ya?ml$|(?:^|\/)action\.ya?ml$/;

function place(file: FileChange, needle: string) {
  const line = lineWith(file, needle);
  return line === null ? { file } : { file, line: line.number, text: line.text };
}

function changed(file: FileChange, list: FindingList): void {
  const first = addedLines(file).next().value;
  const how = file.status === "deleted" ? "removed" : file.status === "added" ? "added" : "changed";
  list.add({ rule: "ci.changed", severity: "note", message: `what runs in CI was ${how}`, file, ...(first === undefined ? {} : { line: first.number, text: first.text }) });
}

/** Compares one workflow before and after; says why where it could not. */
async function compare(file: FileChange, old: string | null, now: string, list: FindingList): Promise<string | null> {
  const { parseWorkflow } = await import("./workflow/parse.ts");
  const { addedPrivileges } = await import("./workflow/privileges.ts");
  const { raises } = await import("./workflow/permissions.ts");
  const after = parseWorkflow(now);
  if ("broken" in after) return `${pathText(file.path)} could not be read: ${after.broken}`;
  const before = old === null ? null : parseWorkflow(old);
  // What did not parse before did not run before, so everything in the new text counts as new.
  const base = before === null || "broken" in before ? null : before;
  for (const { says, at } of addedPrivileges(base, after)) list.add({ rule: "ci.privileged", severity: "error", message: `the workflow now ${says}`, ...place(file, at), fix: "Pass outside text through env:, and keep privileged triggers away from outside code." });
  for (const { scope, from, to, jobs } of raises(base, after)) {
    const level = to === "default" ? "whatever the repository's default is" : to;
    list.add({ rule: "ci.permission-raised", severity: "warning", message: `${scope} rises from ${from} to ${level} for ${jobs.join(", ")}`, ...place(file, to === "default" ? "permissions" : `${scope}:`), fix: "Give the permission to the one job that needs it." });
  }
  return null;
}

const workflow = (permissions: string) => `on: push\npermissions:\n${permissions}jobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n`;

export default defineCheck({
  id: "ci",
  question: "Does the change give CI more rights, or outsiders a way to use them?",
  contents: [WORKFLOWS, ACTIONS],
  reads: ["contents"],
  rules: [
    {
      id: "ci.privileged",
      title: "Outsiders reach a privileged workflow",
      why: "pull_request_target, write-all tokens and event text pasted into a script each let a stranger's pull request run with the repository's rights.",
      passes: { says: "The title goes through the environment.", change: [{ path: ".github/workflows/a.yml", old: null, new: "on: pull_request\njobs:\n  a:\n    steps:\n      - run: echo \"$TITLE\"\n        env:\n          TITLE: ${{ github.event.pull_request.title }}\n" }] },
      fails: { says: "The title becomes part of the script.", change: [{ path: ".github/workflows/a.yml", old: null, new: "on: pull_request\njobs:\n  a:\n    steps:\n      - run: echo \"${{ github.event.pull_request.title }}\"\n" }] },
      cannot_see: "Text that reaches a script through step outputs, files or third-party actions; dispatch inputs; the CI systems of other hosts; what a called workflow or action does.",
      replay: "0 of 2,200 changes",
    },
    {
      id: "ci.permission-raised",
      title: "A CI token may write more",
      why: "Whatever runs in that job, dependencies included, can then push code, publish packages or sign as the repository.",
      passes: { says: "An absent block is spelled out: that can only narrow what the default gave.", change: [{ path: ".github/workflows/a.yml", old: workflow("").replace("permissions:\n", ""), new: workflow("  contents: write\n") }] },
      fails: { says: "A stated read becomes write.", change: [{ path: ".github/workflows/a.yml", old: workflow("  contents: read\n"), new: workflow("  contents: write\n") }] },
      cannot_see: "The repository's default, personal tokens and secrets, environments, scopes beside contents, packages, id-token, actions, deployments and attestations.",
      replay: "10 of 2,200 changes, all by people: a job may now publish, sign or write",
    },
    {
      id: "ci.changed",
      title: "CI was changed",
      why: "CI decides what is checked and published; an agent that edits it edits its own judge.",
      passes: { says: "A workflow in an example folder is not run.", change: [{ path: "examples/.github/workflows/a.yml", old: "", new: "on: push\n" }] },
      fails: { says: "A step is added.", change: [{ path: ".github/workflows/a.yml", old: workflow(""), new: workflow("").replace("make\n", "make all\n") }] },
      cannot_see: "Scripts and tasks that CI calls; CI systems whose files are not listed.",
      replay: "8 of 2,200 changes, those by agents; edits by people and bots pass",
    },
  ],
  async run(facts, { signal }) {
    const files = facts.files.filter((file) => [file.path, ...(file.old_path === null ? [] : [file.old_path])].some((path) => classify(pathText(path)).ci || IS_WORKFLOW.test(pathText(path).toLowerCase())));
    if (files.length === 0) return { not_applicable: "the change touches no CI file" };
    const list = findingList();
    const contentOf = contentReader(facts);
    let blind: string | null = null;
    for (const file of files) {
      const path = pathText(file.path);
      if (classify(path).ci || (file.old_path !== null && classify(pathText(file.old_path)).ci)) changed(file, list);
      if (signal.aborted || file.new === null || !IS_WORKFLOW.test(path.toLowerCase())) continue;
      const sides = contentOf(file);
      if (sides.missing !== null || sides.new === null) {
        blind ??= missingBecause(file, sides);
        continue;
      }
      const ranBefore = file.old_path === null || IS_WORKFLOW.test(pathText(file.old_path).toLowerCase());
      blind = (await compare(file, ranBefore ? sides.old : null, sides.new, list)) ?? blind;
    }
    return list.seen([], blind);
  },
});
