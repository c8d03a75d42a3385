/** Which files each agent reads its hooks from, and what has to stand in them. Fields and units are each agent's own; see docs/hooks.md. */
import type { AgentName } from "../hooks/agents/index.ts";

/** One entry under `hooks.<event>`. */
export interface HookEntry {
  readonly event: string;
  readonly value: unknown;
}

export interface AgentTarget {
  readonly agent: AgentName;
  readonly path: string;
  /** Fields beside `hooks` that the file must have. */
  readonly top: Readonly<Record<string, unknown>>;
  readonly entries: readonly HookEntry[];
  /** Signs of the agent in a repository, on the PATH and in the home folder. */
  readonly signs: { readonly repository: readonly string[]; readonly programs: readonly string[]; readonly home: readonly string[] };
  /** What the person still has to do. */
  readonly then: string | null;
}

/** Above the hook's own deadline: an agent that stops waiting goes on without an answer. */
const TIMEOUT_S = 60;
/** Any word of ours in a hook's command, whatever path the wrapper lies at. */
export const OURS = /(?:^|[\s'"/])maestro['"]?\s+hook\s+(?:claude|codex|cursor|copilot|gemini)\b/;

/** Every string in a value, at any depth. */
export function stringsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsOf) : [];
}

const shellWord = (path: string): string => (/^[A-Za-z0-9_/.+@-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);
const MISSING = JSON.stringify({ permissionDecision: "deny", permissionDecisionReason: "Maestro's hook could not be started; run maestro doctor" });

/** A wrapper that is gone, or ends with a code the agent takes for a warning, must block all the same. */
const closed = (wrapper: string, words: string): string => `${shellWord(wrapper)} hook ${words} || exit 2`;

export function agentTargets(wrapper: string): readonly AgentTarget[] {
  const grouped = (event: string, command: string, more: object = {}, timeout = TIMEOUT_S): HookEntry => ({ event, value: { ...more, hooks: [{ type: "command", command, timeout }] } });
  const cursor = (event: string, more: object = {}): HookEntry => ({ event, value: { command: `${shellWord(wrapper)} hook cursor`, failClosed: true, timeout: TIMEOUT_S, ...more } });
  const claude = { hooks: [{ type: "command", command: closed(wrapper, "claude"), timeout: TIMEOUT_S, onFailure: "block" }] };
  return [
    {
      agent: "claude", path: ".claude/settings.json", top: {}, then: null,
      entries: [{ event: "PreToolUse", value: { matcher: "*", ...claude } }, grouped("Stop", closed(wrapper, "claude"))],
      signs: { repository: [".claude", "CLAUDE.md"], programs: ["claude"], home: [".claude"] },
    },
    {
      agent: "codex", path: ".codex/hooks.json", top: {}, then: "Codex runs a hook only once you trusted it: open /hooks in Codex. A changed hook has to be trusted again",
      entries: [grouped("PreToolUse", closed(wrapper, "codex")), grouped("Stop", closed(wrapper, "codex"))],
      signs: { repository: [".codex"], programs: ["codex"], home: [".codex"] },
    },
    {
      agent: "cursor", path: ".cursor/hooks.json", top: { version: 1 }, then: null,
      entries: [cursor("beforeShellExecution"), cursor("beforeMCPExecution"), cursor("preToolUse", { matcher: "Write|Edit|MultiEdit|StrReplace|Delete|ApplyPatch|TabWrite|Task" }), { event: "stop", value: { command: `${shellWord(wrapper)} hook cursor`, timeout: TIMEOUT_S } }],
      signs: { repository: [".cursor", ".cursorrules"], programs: ["cursor", "cursor-agent"], home: [".cursor"] },
    },
    {
      agent: "copilot", path: ".github/hooks/maestro.json", top: { version: 1 }, then: "the cloud agent reads this file from the default branch only",
      entries: [{ event: "preToolUse", value: { type: "command", bash: `${shellWord(wrapper)} hook copilot preToolUse || printf '%s' '${MISSING.replaceAll("'", "'\\''")}'`, timeoutSec: TIMEOUT_S } }],
      signs: { repository: [".github/copilot-instructions.md", ".github/hooks"], programs: ["copilot"], home: [".copilot"] },
    },
    {
      agent: "gemini", path: ".gemini/settings.json", top: {}, then: null,
      entries: [grouped("BeforeTool", closed(wrapper, "gemini"), { matcher: ".*" }, TIMEOUT_S * 1000), grouped("AfterAgent", closed(wrapper, "gemini"), {}, TIMEOUT_S * 1000)],
      signs: { repository: [".gemini", "GEMINI.md"], programs: ["gemini"], home: [".gemini"] },
    },
  ];
}
