/** Codex: Claude Code's payloads. It cannot ask, and runs the call where it is told `ask`; so both are a denial, as JSON and as exit 2 at once, because each alone was reported to let calls through. */
import { BLOCK, type Agent, type Answer, type Reply } from "./agent.ts";
import { readClaude } from "./claude.ts";

function write(answer: Answer, stop: boolean): Reply {
  if (answer.kind === "allow") return { stdout: "", stderr: answer.note ?? "", code: 0 };
  const { reason } = answer;
  const said = stop ? { decision: "block", reason } : { hookSpecificOutput: { hookEventName: "PreToolUse", permissionDecision: "deny", permissionDecisionReason: reason } };
  return { stdout: JSON.stringify(said), stderr: reason, code: BLOCK };
}

export const codex: Agent = { read: readClaude, write };
