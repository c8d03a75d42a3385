import { EXIT, MaestroError } from "../../../proto/errors.ts";
import type { SimulateRequest } from "../../../proto/release-api.ts";
import { renderTerminal } from "../card/terminal.ts";
import type { CommandModule } from "../command.ts";
import { connect } from "../connect.ts";
import { printJson } from "../document.ts";
import { print, wantsAscii, wantsColour } from "../output.ts";

type Word = SimulateRequest["rules"][string];
const WORDS: readonly string[] = ["off", "note", "hold", "refuse", "observe"] satisfies readonly Word[];
const isWord = (text: string): text is Word => WORDS.includes(text);

/** Throws `cli.usage` for what is not RULE=WORD. */
export function rulesOf(given: readonly string[]): SimulateRequest["rules"] {
  return Object.fromEntries(given.map((text) => {
    const at = text.indexOf("=");
    const [rule, word] = [text.slice(0, at), text.slice(at + 1)];
    if (at < 1 || !isWord(word)) throw new MaestroError("cli.usage", `--rule takes RULE=${WORDS.join("|")}, not ${JSON.stringify(text)}`);
    return [rule, word];
  }));
}

const BANNER = "SIMULATION: nothing was decided, signed or logged; nothing may be merged by this";

/** Exit 0 whatever it shows, so that no script takes it for a verdict; `--exit-code` asks for the simulated one. */
export const run: CommandModule["run"] = async ({ values, positionals, lists }) => {
  const [gate] = positionals;
  if (gate === undefined) throw new MaestroError("cli.usage", "simulate takes a gate or commit");
  const reply = await connect(values).client.simulate({ gate, approve: [...(lists?.["approve"] ?? [])], rules: rulesOf(lists?.["rule"] ?? []) });
  if (values["json"] === true) printJson(reply);
  else print(`${BANNER}\n\n${renderTerminal(reply.card, { colour: wantsColour(), ascii: wantsAscii() })}\n${BANNER}`);
  return values["exit-code"] === true ? EXIT[reply.card.verdict] : EXIT.admit;
};
