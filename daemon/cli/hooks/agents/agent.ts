/** What all agents' hooks have in common once their dialects are taken away. */

/** One event of an agent, as far as it is ours to judge. */
export type Call =
  | { readonly kind: "shell"; readonly command: string; readonly cwd: string | null; readonly paths?: readonly string[] }
  | { readonly kind: "edit"; readonly paths: readonly string[]; readonly cwd: string | null }
  /** A tool whose very name says what only a person or a reviewed push may do. */
  | { readonly kind: "forbidden"; readonly what: string }
  /** Several agents at work cost what one costs, several times. */
  | { readonly kind: "spend"; readonly what: string; readonly cwd: string | null }
  /** The agent is about to end its turn; `again`: it goes on because a hook said so before. */
  | { readonly kind: "stop"; readonly again: boolean; readonly cwd: string | null }
  | { readonly kind: "nothing" };

export type Answer =
  | { readonly kind: "allow"; readonly note?: string }
  /** `ask`: a person in front of the agent may allow it; where the agent cannot ask, it is a denial. */
  | { readonly kind: "ask" | "deny"; readonly reason: string };

export interface Reply {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export type Payload = Readonly<Record<string, unknown>>;

export interface Agent {
  /** Throws `Misread` for an event or a payload this version does not know. */
  read(payload: Payload, event: string | null): Call;
  /** `stop`: whether the answer is to the end of a turn, where blocking means going on. */
  write(answer: Answer, stop: boolean): Reply;
}

/** A payload that is not what this agent is known to send. It blocks: an unknown version may mean anything. */
export class Misread extends Error {}

/** What blocks in Claude Code, Codex, Cursor and Gemini CLI; any other failure lets the call run. */
export const BLOCK = 2;

export function textField(payload: Payload, ...names: readonly string[]): string | null {
  for (const name of names) {
    const value = payload[name];
    if (typeof value === "string") return value;
  }
  return null;
}

/** An object, or the JSON text of one, as Cursor and Copilot send arguments. */
export function objectField(payload: Payload, ...names: readonly string[]): Payload {
  for (const name of names) {
    const value = payload[name];
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Payload;
    if (typeof value === "string" && value.trim() !== "") return fromText(value, name);
    if (value !== undefined && value !== null && value !== "") throw new Misread(`${name} is no object`);
  }
  return {};
}

function fromText(text: string, name: string): Payload {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Payload;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // Codex hands a patch over as bare text.
    return { input: text };
  }
  throw new Misread(`${name} is no object`);
}

/** The event's name: what the payload says and what the hook's own command line says must agree. */
export function eventOf(payload: Payload, given: string | null): string {
  const said = textField(payload, "hook_event_name", "hookEventName");
  if (said !== null && given !== null && said.toLowerCase() !== given.toLowerCase()) throw new Misread(`the hook was set up for ${JSON.stringify(given)} and got ${JSON.stringify(said.slice(0, 60))}`);
  const event = said ?? given;
  if (event === null) throw new Misread("the payload names no event");
  return event;
}
