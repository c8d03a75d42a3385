/** Gemini CLI: exit 2 is a block with stderr as its reason, and JSON on stdout says the same; nothing else may stand on stdout. */
import { BLOCK, eventOf, Misread, objectField, textField, type Agent, type Answer, type Call, type Payload, type Reply } from "./agent.ts";
import { callOf } from "./tools.ts";

const OTHERS = new Set(["AfterTool", "BeforeAgent", "BeforeModel", "AfterModel", "BeforeToolSelection", "SessionStart", "SessionEnd", "Notification", "PreCompress"]);

function read(payload: Payload, given: string | null): Call {
  const event = eventOf(payload, given);
  const cwd = textField(payload, "cwd");
  if (event === "BeforeTool") {
    const name = textField(payload, "tool_name");
    if (name === null) throw new Misread("BeforeTool without tool_name");
    return callOf(name, objectField(payload, "tool_input"), cwd);
  }
  if (event === "AfterAgent") return { kind: "stop", again: payload["stop_hook_active"] === true, cwd };
  if (OTHERS.has(event)) return { kind: "nothing" };
  throw new Misread(`the event ${JSON.stringify(event.slice(0, 60))}`);
}

function write(answer: Answer): Reply {
  if (answer.kind === "allow") return { stdout: "", stderr: answer.note ?? "", code: 0 };
  return { stdout: JSON.stringify({ decision: "deny", reason: answer.reason }), stderr: answer.reason, code: BLOCK };
}

export const gemini: Agent = { read, write };
