import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { didYouMean, type Command, type CommandModule } from "../command.ts";
import { manual } from "../completions/manual.ts";
import { bash, fish, zsh } from "../completions/shells.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";

const FORMS = { bash, zsh, fish, man: manual } as const;

/** Handed its table, which loads this file. */
export const completing = (commands: readonly Command[]): CommandModule => ({
  async run({ values, positionals }) {
    const [wanted = ""] = positionals;
    const form = Object.entries(FORMS).find(([name]) => name === wanted)?.[1];
    if (form === undefined) throw new MaestroError("cli.usage", `completions takes one of ${Object.keys(FORMS).join(", ")}${didYouMean(wanted, Object.keys(FORMS))}`);
    const text = form(commands);
    if (values["json"] === true) printJson({ form: wanted, text });
    else print(text);
    return EXIT.admit;
  },
});
