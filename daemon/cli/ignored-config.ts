/** Whoever names a configuration, and asks for a daemon that reads none, would else think that it holds. */
import { typed } from "../verifier/words/typed.ts";
import { escapeTerminal } from "./card/escape/terminal.ts";
import { note } from "./output.ts";

const word = (path: string): string => escapeTerminal(typed([path]));

/** One line on stderr. `running`: a daemon answers already, and with which configuration it was started nobody here can tell. */
export function sayIgnored(config: string, state_dir: string, running: boolean): void {
  const start = `maestrod --config ${word(config)} --state ${word(state_dir)}`;
  note(`maestro: MAESTRO_CONFIG is ignored: ${running ? `the daemon that answers goes on with what it was started with; where that is another file, end it and start ${start}` : `--embedded starts a private daemon, which reads no host configuration; to use it run ${start}, and leave --embedded out`}`);
}
