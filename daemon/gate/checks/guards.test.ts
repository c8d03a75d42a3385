import { describe, expect, test } from "bun:test";
import { adding, outcomeOf, placesOf } from "../../testing/checks.ts";
import guards from "./guards.ts";

const places = (path: string) => placesOf(guards, "guard.self-edit", adding(path, "x\n"));

describe("guard.self-edit", () => {
  test.each([
    "maestro.yaml", "policies/default/decide.rego", "policies/bundle.tar.gz", "CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS", "AGENTS.md", "packages/a/AGENTS.md", "CLAUDE.md",
    "CLAUDE.local.md", "GEMINI.md", ".cursorrules", ".github/copilot-instructions.md", ".github/instructions/a.instructions.md", ".claude/settings.json", ".cursor/rules/a.mdc", ".codex/config.toml",
    ".gemini/settings.json", ".github/hooks/pre.json", ".husky/pre-commit", "lefthook.yml", ".pre-commit-config.yaml", ".mcp.json", "packages/a/.claude/skills/x/SKILL.md",
  ])("%s", async (path) => {
    expect(await places(path)).toEqual([`${path}:1`]);
  });

  test.each(["Agents.md", ".CLAUDE/settings.json", "MAESTRO.YAML"])("%s: spelled in another case it is the same file on macOS and Windows", async (path) => {
    expect(await places(path)).toEqual([`${path}:1`]);
  });

  test.each(["docs/agents.mdx", "src/claude.ts", "src/policies/user.ts", "src/codeowners.go", "examples/maestro.yaml.md", "hooks/useState.ts"])("%s guards nothing", async (path) => {
    expect(await places(path)).toEqual([]);
  });

  test("removing a guard and moving it away are edits too", async () => {
    const removed = await outcomeOf(guards, [{ path: "AGENTS.md", old: "x\n", new: null }]);
    const moved = await outcomeOf(guards, [{ path: "notes/old.md", old_path: "CODEOWNERS", old: "* @a\n", new: "* @a\n" }]);
    expect([removed.findings[0]?.message, moved.findings[0]?.message]).toEqual(["the change removes agent instructions", "the change moves who must review"]);
  });

  test("the policy bundle that the base's maestro.yaml names is a guard wherever it lies", async () => {
    const edit = [{ path: "tools/rules.tgz", old: "a", new: null }];
    expect((await outcomeOf(guards, edit)).findings).toEqual([]);
    const named = await outcomeOf(guards, edit, { base_policy: "tools/rules.tgz" });
    expect(named.findings.map(({ message }) => message)).toEqual(["the change removes the policy bundle that maestro.yaml names"]);
  });

  test("a link in place of a guard is an edit of it", async () => {
    expect(await placesOf(guards, "guard.self-edit", [{ path: "CLAUDE.md", old: null, new: "AGENTS.md", mode: "120000" }])).toEqual(["CLAUDE.md:1"]);
  });

  test("a guard inside a submodule's or binary's place still counts: the path is enough", async () => {
    expect(await placesOf(guards, "guard.self-edit", [{ path: ".claude/hook", old: null, new: "x", binary_bytes: 9 }])).toEqual([".claude/hook:1"]);
  });
});
