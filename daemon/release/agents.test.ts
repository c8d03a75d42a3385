import { expect, test } from "bun:test";
import { agentAmong } from "./agents.ts";

test.each([
  [[["maestro"], ["bash"], ["claude", "/usr/bin/claude"]], "claude"],
  [[["bun"], ["node", "node", "/usr/lib/node_modules/@openai/codex/bin/codex.js"]], "codex"],
  [[["python3", "python3", "/venv/bin/aider"]], "aider"],
  [[["gemini.js"]], "gemini"],
  [[["Cursor", "/opt/Cursor/cursor"]], "cursor"],
] as const)("%j is %s", (ancestors, name) => {
  expect(agentAmong(ancestors)).toBe(name);
});

test("folders and words that only look like one are none", () => {
  expect(agentAmong([["bash"], ["vim", "vim", "claude.md"], ["sshd"], ["tmux", "tmux", "new", "claude-notes"], ["node", "/srv/claude/x.js"]])).toBeNull();
});
