import { pathText } from "../../../proto/scalar.ts";
import { defineCheck } from "./check.ts";
import { addedLines } from "./reading/lines.ts";
import { findingList } from "./reporting/finding.ts";

/** What each kind of file guards, matched on the lower-case path: half of all checkouts ignore case. */
const GUARDS: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ["Maestro's configuration", /^(?:maestrod?\.ya?ml|\.maestro\/.*)$/],
  ["a gate policy", /(?:^|\/)policies\/(?:.*\/)?[^/]*(?:\.rego|bundle\.tar\.gz|\.wasm)$/],
  ["who must review", /^(?:|\.github\/|\.gitlab\/|docs\/)codeowners$/],
  ["agent instructions", /(?:^|\/)(?:agents|claude|gemini|codex|copilot|warp|crush)(?:\.(?:local|override))?\.md$|(?:^|\/)\.(?:cursorrules|windsurfrules|clinerules|roorules|goosehints|aider\.conf\.yml|mcp\.json)$|^\.github\/(?:copilot-instructions\.md|(?:instructions|agents|prompts|chatmodes|skills)\/.*)$/],
  ["agent settings", /(?:^|\/)\.(?:claude|cursor|codex|gemini|agents|windsurf|clinerules|roo|kiro|continue|opencode)\/|(?:^|\/)opencode\.jsonc?$/],
  ["hooks", /^\.github\/hooks\/|(?:^|\/)\.(?:husky|githooks|git-hooks)\/|(?:^|\/)\.?(?:lefthook(?:-local)?\.(?:ya?ml|toml|json)|pre-commit-(?:config|hooks)\.ya?ml|huskyrc[^/]*|lintstagedrc[^/]*)$/],
];

function guardOf(path: string): string | null {
  const lower = path.toLowerCase();
  return GUARDS.find(([, pattern]) => pattern.test(lower))?.[0] ?? null;
}

export default defineCheck({
  id: "guards",
  question: "Does the change edit what guards changes: policy, owners, agent instructions or hooks?",
  contents: [],
  rules: [
    {
      id: "guard.self-edit",
      title: "Edit of a guard",
      why: "An author who also edits the rules they work under is no longer bound by them; a person should see it.",
      passes: { says: "Prose about agents is no instruction to one.", change: [{ path: "docs/agents-overview.md", old: "", new: "text\n" }] },
      fails: { says: "An instruction file is edited.", change: [{ path: "AGENTS.md", old: "Run the tests.\n", new: "Skip the tests.\n" }] },
      cannot_see: "Instruction files of agents not listed, a policy bundle the host keeps elsewhere, rules kept outside the repository, what the edit means.",
      replay: "61 of 2,200 changes (57 by people, 4 by agents)",
    },
  ],
  run(facts) {
    if (facts.files.length === 0) return { not_applicable: "the change touches no file" };
    const list = findingList();
    for (const file of facts.files) {
      const path = pathText(file.path);
      const from = file.status === "renamed" && file.old_path !== null ? pathText(file.old_path) : null;
      const is_policy = facts.base_policy !== null && [path, from].includes(facts.base_policy);
      const kind = is_policy ? "the policy bundle that maestro.yaml names" : (guardOf(path) ?? (from === null ? null : guardOf(from)));
      if (kind === null) continue;
      const first = addedLines(file).next().value;
      const how = file.status === "deleted" ? "removes" : from !== null ? "moves" : file.status === "added" ? "adds" : "edits";
      list.add({ rule: "guard.self-edit", severity: "note", message: `the change ${how} ${kind}`, file, line: first?.number ?? 1, ...(first === undefined ? {} : { text: first.text }) });
    }
    return list.seen();
  },
});
