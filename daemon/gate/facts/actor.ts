import type { Actor, ActorClass, ActorSign, Observer } from "../../../proto/actor.ts";
import type { Commit } from "../../../proto/facts.ts";

/** A commit as far as authorship goes; `message` is the whole text, bounded by the reader. */
export interface AuthoredCommit {
  readonly commit: Commit;
  readonly message: string;
}

/** Addresses that coding agents put into Co-Authored-By or author themselves, lower case. */
const AGENT_EMAILS: ReadonlyMap<string, string> = new Map([
  ["noreply@anthropic.com", "Claude"],
  ["claude@anthropic.com", "Claude"],
  ["noreply@openai.com", "Codex"],
  ["codex@openai.com", "Codex"],
  ["copilot@github.com", "Copilot"],
  ["198982749+copilot@users.noreply.github.com", "Copilot"],
  ["cursoragent@cursor.com", "Cursor"],
  ["noreply@aider.chat", "aider"],
  ["amp@ampcode.com", "Amp"],
  ["openhands@all-hands.dev", "OpenHands"],
  ["noreply@opencode.ai", "opencode"],
  ["gemini-cli@google.com", "Gemini"],
]);

/** App logins that are coding agents although they end in [bot]. */
const AGENT_LOGINS = /^(?:copilot-swe-agent|copilot|devin-ai-integration|google-labs-jules|claude|cursor|openai-codex|chatgpt-codex-connector|openhands-agent|amp-code|sweep-ai|gemini-code-assist)\[bot\]$/i;
const BOT_LOGIN = /\[bot\]$/i;
const BOT_EMAILS = /^(?:support@dependabot\.com|bot@renovateapp\.com|.*\[bot\]@users\.noreply\.github\.com)$/i;
/** aider rewrites author and committer to "Name (aider)". */
const AIDER_NAME = /\(aider\)$/;
/** Names a piece of an agent's work, and not the agent. */
const RUN_TRAILER = "maestro-run";
const AGENT_TRAILERS = new Set(["claude-session", "assisted-by", "generated-by", "agent-session", "codex-session", RUN_TRAILER]);
const GENERATED_LINE = /^\W{0,8}Generated (?:with|by) \[?(Claude Code|Codex|Cursor|Copilot|Gemini CLI|opencode|Amp|Devin)\b/im;
const NAMED_EMAIL = /^([^<]{0,300})<([^<>]{1,300})>\s*$/;

const SIGNS_MAX = 64;
const NAME_CHARACTERS_MAX = 200;

interface Sign extends ActorSign {
  readonly agent: string | null;
}

function signOfPerson(source: "author" | "committer", name: string, email: string, observer: Observer): Sign | null {
  const text = `${name} <${email}>`.slice(0, NAME_CHARACTERS_MAX);
  const known = AGENT_EMAILS.get(email.toLowerCase());
  if (known !== undefined) return { source, text, says: "agent", observer, agent: known };
  if (AGENT_LOGINS.test(name)) return { source, text, says: "agent", observer, agent: name.replace(/\[bot\]$/i, "") };
  if (AIDER_NAME.test(name)) return { source, text, says: "agent", observer, agent: "aider" };
  if (BOT_LOGIN.test(name) || BOT_EMAILS.test(email)) return { source, text, says: "bot", observer, agent: null };
  return null;
}

function signOfTrailer(key: string, value: string, observer: Observer): Sign | null {
  const text = `${key}: ${value}`.slice(0, NAME_CHARACTERS_MAX);
  const lower = key.toLowerCase();
  if (AGENT_TRAILERS.has(lower)) {
    return { source: "trailer", text, says: "agent", observer, agent: lower === RUN_TRAILER ? null : lower === "claude-session" ? "Claude" : value.slice(0, 80) };
  }
  if (lower !== "co-authored-by") return null;
  const person = NAMED_EMAIL.exec(value);
  const name = (person?.[1] ?? value).trim();
  const email = (person?.[2] ?? "").trim().toLowerCase();
  const known = AGENT_EMAILS.get(email);
  if (known === undefined && !AGENT_LOGINS.test(name)) return null;
  return { source: "trailer", text, says: "agent", observer, agent: name === "" ? (known ?? null) : name };
}

function signsOf({ commit, message }: AuthoredCommit, observer: Observer): Sign[] {
  const signs: (Sign | null)[] = [
    signOfPerson("author", commit.author.name, commit.author.email, observer),
    signOfPerson("committer", commit.committer.name, commit.committer.email, observer),
    ...commit.trailers.map(({ key, value }) => signOfTrailer(key, value, observer)),
  ];
  const generated = GENERATED_LINE.exec(message);
  if (generated !== null) signs.push({ source: "trailer", text: generated[0].trim(), says: "agent", observer, agent: generated[1] ?? null });
  return signs.filter((sign) => sign !== null);
}

/**
 * The class of a change's actor from its commits alone. A sign of an agent on
 * any commit makes the whole change an agent's; `bot` needs every commit to be
 * a bot's; no sign at all reads as human; no commits, as unknown. Names and
 * trailers are the job's claims, so nothing here is authenticated: outside
 * mode `local` policy treats an unproved human or bot as unknown.
 */
export function actorOf(commits: readonly AuthoredCommit[], observer: Observer): Actor {
  const signs = commits.flatMap((commit) => signsOf(commit, observer));
  const agents = signs.filter((sign) => sign.says === "agent");
  const agent = agents.find((sign) => sign.agent !== null) ?? agents[0];
  const everyBot = commits.length > 0 && commits.every(({ commit }) => signOfPerson("author", commit.author.name, commit.author.email, observer)?.says === "bot");
  const cls: ActorClass = agent !== undefined ? "agent" : commits.length === 0 ? "unknown" : everyBot ? "bot" : "human";
  const unique = new Map(signs.map(({ agent: _, ...sign }) => [`${sign.source} ${sign.text}`, sign]));
  const author = commits.find(({ commit }) => signOfPerson("author", commit.author.name, commit.author.email, observer) === null)?.commit.author ?? commits[0]?.commit.author;
  return {
    class: cls,
    authenticated: false,
    name: (author?.name ?? "").slice(0, NAME_CHARACTERS_MAX),
    agent: agent?.agent?.slice(0, NAME_CHARACTERS_MAX) ?? null,
    signs: [...unique.values()].slice(0, SIGNS_MAX),
  };
}
