import { EXIT } from "../../../proto/errors.ts";
import type { MonitorView } from "../../../proto/event.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import type { CommandModule } from "../command.ts";
import { connect } from "../connect.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";

function lines({ space, invariant, verdict, keys, pending, violated, inconclusive, newest }: MonitorView): string[] {
  const head = `${verdict.padEnd(12)} ${invariant}  of ${escapeTerminal(space)}: ${keys} watched, ${pending} pending, ${violated} broken, ${inconclusive} not decided`;
  if (newest === null) return [head];
  return [head, `             ${newest.at}${newest.key === null ? "" : ` ${escapeTerminal(newest.key.join(" "))}`}  ${escapeTerminal(newest.message)}`];
}

export const run: CommandModule["run"] = async ({ values }) => {
  const reply = await connect(values).client.monitors();
  if (values["json"] === true) printJson(reply);
  else print(reply.monitors.length === 0 ? "nothing has happened that a rule about time is about" : reply.monitors.flatMap(lines).join("\n"));
  return EXIT.admit;
};
