/** Cursor: one JSON document on stdout whatever happens, exit 2 blocks. A stop cannot be blocked; it can be answered with a next message. */
import { BLOCK, eventOf, Misread, objectField, textField, type Agent, type Answer, type Call, type Payload, type Reply } from "./agent.ts";
import { callOf } from "./tools.ts";

const OTHERS = new Set([
  "afterShellExecution", "afterMCPExecution", "afterFileEdit", "afterAgentResponse", "afterAgentThought", "beforeReadFile", "beforeTabFileRead", "afterTabFileEdit",
  "beforeSubmitPrompt", "postToolUse", "postToolUseFailure", "sessionStart", "sessionEnd", "subagentStart", "subagentStop", "preCompact", "workspaceOpen",
]);

function read(payload: Payload, given: string | null): Call {
  const event = eventOf(payload, given);
  const [root] = Array.isArray(payload["workspace_roots"]) ? payload["workspace_roots"] : [];
  const cwd = textField(payload, "cwd") || (typeof root === "string" ? root : null);
  if (event === "beforeShellExecution") {
    const command = textField(payload, "command");
    if (command === null) throw new Misread("beforeShellExecution without command");
    return { kind: "shell", command, cwd };
  }
  if (event === "beforeMCPExecution" || event === "preToolUse") {
    const name = textField(payload, "tool_name");
    if (name === null) throw new Misread(`${event} without tool_name`);
    return callOf(event === "preToolUse" ? name : `mcp__cursor__${name}`, objectField(payload, "tool_input"), cwd);
  }
  if (event === "stop") return { kind: "stop", again: Number(payload["loop_count"] ?? 0) > 0 || (textField(payload, "status") ?? "completed") !== "completed", cwd };
  if (OTHERS.has(event)) return { kind: "nothing" };
  throw new Misread(`the event ${JSON.stringify(event.slice(0, 60))}`);
}

function write(answer: Answer, stop: boolean): Reply {
  if (answer.kind === "allow") return { stdout: "{}", stderr: answer.note ?? "", code: 0 };
  const { reason, kind } = answer;
  if (stop) return { stdout: JSON.stringify({ followup_message: reason }), stderr: reason, code: 0 };
  // Both spellings: it went from one to the other.
  return { stdout: JSON.stringify({ permission: kind, user_message: reason, agent_message: reason, userMessage: reason, agentMessage: reason }), stderr: reason, code: kind === "deny" ? BLOCK : 0 };
}

export const cursor: Agent = { read, write };
