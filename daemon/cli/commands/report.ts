import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { textOf, type CommandModule } from "../command.ts";
import { connect } from "../connect.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";
import { reportMarkdown } from "../report/markdown.ts";
import { reportText } from "../report/text.ts";

const WINDOW = /^[1-9][0-9]{0,3}[hd]$/;

export const run: CommandModule["run"] = async ({ values }) => {
  const window = textOf(values, "window") ?? "7d";
  if (!WINDOW.test(window)) throw new MaestroError("cli.usage", `--window takes hours or days such as 12h or 7d, not ${JSON.stringify(window)}`);
  const reply = await connect(values).client.report(window, textOf(values, "repository") ?? "*");
  if (values["json"] === true) printJson(reply);
  else print(values["markdown"] === true ? reportMarkdown(reply) : reportText(reply));
  return EXIT.admit;
};
