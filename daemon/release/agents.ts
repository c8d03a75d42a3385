/** Coding agents by the names their processes go by. Pure. */

const PROGRAMS = new Set(["claude", "claude-code", "codex", "cursor", "cursor-agent", "copilot", "copilot-agent", "gemini", "gemini-cli", "aider", "opencode", "amp", "devin", "openhands", "goose", "cline", "windsurf"]);
/** Agents that a language's runtime runs show in the script's path. */
const PACKAGES = /(?:^|\/)(?:@anthropic-ai\/claude-code|@openai\/codex|@google\/gemini-cli|@github\/copilot(?:-[a-z]+)?|@sourcegraph\/amp|aider-chat)\//;

const baseOf = (word: string): string => (word.split("/").at(-1) ?? "").toLowerCase().replace(/\.(?:m?js|cjs|ts|py|sh|exe)$/, "");

/** The first agent among a process's ancestors, or `null`. */
export function agentAmong(ancestors: readonly (readonly string[])[]): string | null {
  for (const names of ancestors) {
    const found = names.find((word) => PROGRAMS.has(baseOf(word)) || PACKAGES.test(word));
    if (found !== undefined) return baseOf(found).slice(0, 64);
  }
  return null;
}
