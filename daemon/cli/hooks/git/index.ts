/** Git's own hooks. A failure of any kind is exit 1, which makes git give up the commit or the push. */
import { MaestroError } from "../../../../proto/errors.ts";
import { escapeTerminal } from "../../card/escape/terminal.ts";
import { Misread } from "../agents/agent.ts";
import type { Values } from "../../command.ts";
import { note } from "../../output.ts";

/** Any other code than 0 stops git; 1 is what its manual speaks of (githooks(5)). */
const STOP = 1;
const GO = 0;

export type GitHookName = "pre-commit" | "pre-push" | "pre-receive";

/** What a hook came to, one line to each thing it looked at. */
export interface HookVerdict {
  readonly stop: boolean;
  readonly lines: readonly string[];
}

export async function gitHook(name: GitHookName, values: Values, guarded: readonly string[]): Promise<number> {
  try {
    const { stop, lines } = await verdictOf(name, values, guarded);
    for (const line of lines) note(`maestro: ${line}`);
    if (stop) note(`maestro: ${name} stops here`);
    return stop ? STOP : GO;
  } catch (error) {
    if (error instanceof Misread) {
      note(`maestro: ${name} could not be judged, so it does not go ahead: ${error.message}`);
      return STOP;
    }
    if (!(error instanceof MaestroError)) throw error;
    note(`maestro: ${name} could not be judged, so it does not go ahead: ${error.row.sentence}`);
    note(`         ${escapeTerminal(error.detail)} (${error.code})`);
    return STOP;
  }
}

async function verdictOf(name: GitHookName, values: Values, guarded: readonly string[]): Promise<HookVerdict> {
  if (name === "pre-commit") return (await import("./pre-commit.ts")).preCommit(values);
  return name === "pre-push" ? (await import("./pre-push.ts")).prePush(values) : (await import("./pre-receive.ts")).preReceive(values, guarded);
}
