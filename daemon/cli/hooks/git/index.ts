/** Git's own hooks. A failure of any kind is exit 1, which makes git give up the commit or the push. */
import { MaestroError } from "../../../../proto/errors.ts";
import { escapeTerminal } from "../../card/escape/terminal.ts";
import { Misread } from "../agents/agent.ts";
import type { Values } from "../../command.ts";
import { within } from "../deadline.ts";
import { deadlineOf } from "./limits.ts";

/** Any other code than 0 stops git; 1 is what its manual speaks of (githooks(5)). */
const STOP = 1;
const GO = 0;

export type GitHookName = "pre-commit" | "pre-push" | "pre-receive";

/** What a hook came to, one line to each thing it looked at. */
export interface HookVerdict {
  readonly stop: boolean;
  readonly lines: readonly string[];
}

export interface Ended {
  readonly code: number;
  /** For stderr, which git shows to whoever commits or pushes. */
  readonly lines: readonly string[];
}

export async function gitHook(name: GitHookName, values: Values, guarded: readonly string[]): Promise<Ended> {
  try {
    const end_ms = deadlineOf(values);
    const { stop, lines } = await within(end_ms - performance.now(), () => verdictOf(name, values, guarded));
    return { code: stop ? STOP : GO, lines: [...lines.map((line) => `maestro: ${line}`), ...(stop ? [`maestro: ${name} stops here`] : [])] };
  } catch (error) {
    const unjudged = `maestro: ${name} could not be judged, so it does not go ahead:`;
    if (error instanceof Misread) return { code: STOP, lines: [`${unjudged} ${error.message}`] };
    if (!(error instanceof MaestroError)) throw error;
    return { code: STOP, lines: [`${unjudged} ${error.row.sentence}`, `         ${escapeTerminal(error.detail)} (${error.code})`] };
  }
}

async function verdictOf(name: GitHookName, values: Values, guarded: readonly string[]): Promise<HookVerdict> {
  if (name === "pre-commit") return (await import("./pre-commit.ts")).preCommit(values);
  return name === "pre-push" ? (await import("./pre-push.ts")).prePush(values) : (await import("./pre-receive.ts")).preReceive(values, guarded);
}
