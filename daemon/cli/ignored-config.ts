/** Whoever names a configuration, and asks for a daemon that reads none, would else think that it holds. */
import { typed } from "../verifier/words/typed.ts";
import { escapeTerminal } from "./card/escape/terminal.ts";
import { note } from "./output.ts";

const word = (path: string): string => escapeTerminal(typed([path]));

/** One line on stderr. `running`: a daemon answers already. */
export function sayIgnored(config: string, state_dir: string, running: boolean): void {
  const because = running ? "the daemon that answers goes on with what it was started with" : "--embedded starts a private daemon, which reads no host configuration";
  const stop = running ? "run maestro stop, then " : "run ";
  note(`maestro: MAESTRO_CONFIG is ignored: ${because}; to use it ${stop}maestrod --config ${word(config)} --state ${word(state_dir)}, and leave --embedded out`);
}
