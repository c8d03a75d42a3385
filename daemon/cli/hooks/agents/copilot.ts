/** Copilot CLI and cloud agent: the decision is JSON on stdout with exit 0; exit codes alone do not decide. Its own payloads name no event, so the hook's command line does. */
import { eventOf, Misread, objectField, textField, type Agent, type Answer, type Call, type Payload, type Reply } from "./agent.ts";
import { callOf } from "./tools.ts";

const OTHERS = new Set(["posttooluse", "posttoolusefailure", "sessionstart", "sessionend", "userpromptsubmitted", "userpromptsubmit", "erroroccurred", "subagentstop", "subagentstart", "notification", "permissionrequest", "precompact"]);

/** What it must be by its fields, where nobody says. */
function inferred(payload: Payload): string | null {
  if (!("toolName" in payload)) return null;
  return "toolResult" in payload ? "postToolUse" : "preToolUse";
}

function read(payload: Payload, given: string | null): Call {
  const event = eventOf(payload, given ?? inferred(payload)).toLowerCase();
  const cwd = textField(payload, "cwd");
  if (event === "pretooluse") {
    const name = textField(payload, "toolName", "tool_name");
    if (name === null) throw new Misread("preToolUse without toolName");
    return callOf(name, objectField(payload, "toolArgs", "tool_input"), cwd);
  }
  // Without a word on whether it goes on because of us, blocking could go on for ever.
  if (event === "agentstop" || event === "stop") return { kind: "stop", again: payload["stop_hook_active"] !== false, cwd };
  if (OTHERS.has(event)) return { kind: "nothing" };
  throw new Misread(`the event ${JSON.stringify(event.slice(0, 60))}`);
}

function write(answer: Answer, stop: boolean): Reply {
  if (answer.kind === "allow") return { stdout: "", stderr: answer.note ?? "", code: 0 };
  const { reason, kind } = answer;
  const said = stop ? { decision: "block", reason } : { permissionDecision: kind, permissionDecisionReason: reason };
  return { stdout: JSON.stringify(said), stderr: reason, code: 0 };
}

export const copilot: Agent = { read, write };
