/** `maestro mcp`: the Model Context Protocol on standard input and output, until the input ends. */
import { EXIT } from "../../../proto/errors.ts";
import type { CommandModule } from "../command.ts";
import { linesOf, standardInput } from "../mcp/lines.ts";
import { Session } from "../mcp/session.ts";
import list from "../mcp/tools.json";
import { print, printed } from "../output.ts";

/** How long what was asked before the input ended may take; a client that has left ends the process sooner, by a signal. */
const LAST_ANSWERS_MS = 20_000;

export const run: CommandModule["run"] = async ({ values }) => {
  const session = new Session({
    list,
    call: async (name, args, call) => (await import("../mcp/tools/index.ts")).runTool(values, name, args, call),
    // The one thing that is printed: everything else a tool has to say goes to stderr.
    send: (message) => print(JSON.stringify(message)),
  });
  const answers = new Set<Promise<void>>();
  for await (const line of linesOf(standardInput())) {
    if ("refused" in line) {
      session.refuse(line.refused);
      continue;
    }
    if (line.text.trim() === "") continue;
    // Not awaited: a cancellation has to be read while a call is under way.
    const done = session.receive(line.text).finally(() => answers.delete(done));
    answers.add(done);
  }
  const late = setTimeout(() => session.end(), LAST_ANSWERS_MS);
  await Promise.all(answers);
  clearTimeout(late);
  await printed();
  return EXIT.admit;
};
