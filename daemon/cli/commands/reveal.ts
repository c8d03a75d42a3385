import { canonicalBytes } from "../../../proto/canonical.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { textOf, type CommandModule } from "../command.ts";
import { connect } from "../connect.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";
import { writeFile } from "../write-file.ts";

const PRIVATE = 0o600;

/** The number goes into the file alone: a terminal is scrolled back, and a job's output is kept. */
export const run: CommandModule["run"] = async ({ values, positionals: [gate, obligation] }) => {
  const to = textOf(values, "to");
  if (gate === undefined || obligation === undefined) throw new MaestroError("cli.usage", "reveal takes the gate and the obligation's name");
  if (to === undefined) throw new MaestroError("cli.usage", "reveal needs --to FILE: the number is written nowhere else");
  const { client } = connect(values);
  const opening = await client.reveal(gate, obligation);
  writeFile(to, canonicalBytes(opening), PRIVATE, "nothing was written");
  const { gate_id, attempt } = opening;
  if (values["json"] === true) printJson({ gate_id, attempt, obligation, file: to });
  else print(`the opening of ${obligation} in attempt ${attempt} of ${gate_id} is in ${to}: whoever has it knows the number\ncheck it: maestro verify BUNDLE --trust FILE --opening ${to}`);
  return EXIT.admit;
};
