/** Claude Code: exit 2 blocks and stderr is what the agent reads; any other failure lets the call run. Allowing prints nothing, so that its own permission rules still ask. */
import { BLOCK, eventOf, Misread, objectField, textField, type Agent, type Answer, type Call, type Payload, type Reply } from "./agent.ts";
import { callOf } from "./tools.ts";

/** Events that are nothing a gate could stop; answering them with a block would only break the agent. */
const OTHERS = new Set([
  "PostToolUse", "PostToolUseFailure", "PostToolBatch", "Notification", "UserPromptSubmit", "UserPromptExpansion", "SessionStart", "SessionEnd", "Setup", "SubagentStart", "SubagentStop",
  "PreCompact", "PostCompact", "PermissionRequest", "PermissionDenied", "InstructionsLoaded", "StopFailure", "Interrupt",
]);

/** Claude Code's events, which Codex has taken over. */
export function readClaude(payload: Payload, given: string | null): Call {
  const event = eventOf(payload, given);
  const cwd = textField(payload, "cwd");
  if (event === "PreToolUse") {
    const name = textField(payload, "tool_name");
    if (name === null) throw new Misread("PreToolUse without tool_name");
    return callOf(name, objectField(payload, "tool_input"), cwd);
  }
  if (event === "Stop") return { kind: "stop", again: payload["stop_hook_active"] === true, cwd };
  if (OTHERS.has(event)) return { kind: "nothing" };
  throw new Misread(`the event ${JSON.stringify(event.slice(0, 60))}`);
}

function write(answer: Answer, stop: boolean): Reply {
  if (answer.kind === "allow") return { stdout: "", stderr: answer.note ?? "", code: 0 };
  if (answer.kind === "deny" || stop) return { stdout: "", stderr: answer.reason, code: BLOCK };
  const hookSpecificOutput = { hookEventName: "PreToolUse", permissionDecision: "ask", permissionDecisionReason: answer.reason };
  return { stdout: JSON.stringify({ hookSpecificOutput }), stderr: "", code: 0 };
}

export const claude: Agent = { read: readClaude, write };
