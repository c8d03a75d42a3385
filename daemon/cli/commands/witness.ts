import { EXIT, MaestroError } from "../../../proto/errors.ts";
import type { WitnessesReply, WitnessState } from "../../../proto/witness.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import type { CommandModule } from "../command.ts";
import { connect } from "../connect.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";

function stateLine({ name, size, at, failures, because }: WitnessState, log_size: number): string {
  const known = size === null ? "has cosigned nothing yet" : `cosigned ${size} of ${log_size} entries on ${at}`;
  return `  ${escapeTerminal(name).padEnd(20)} ${known}${because === null ? "" : `; failed ${failures} time(s) in a row: ${escapeTerminal(because)}`}`;
}

/** This node's own log first: that is what its operator has to see to. */
function lines({ origin, log_size, quorum, witnessed, witnesses, own }: WitnessesReply): string[] {
  const head = `log       ${escapeTerminal(origin)}, ${log_size} entries`;
  const said = witnesses.length === 0
    ? ["witnesses none; name them under witnesses in the host configuration"]
    : [
        witnessed === null ? `witnessed no checkpoint yet; ${quorum} of ${witnesses.length} are needed` : `witnessed ${witnessed.size} of ${log_size} entries by ${witnessed.names.map((name) => escapeTerminal(name)).join(", ")} (${quorum} needed), the first on ${witnessed.at}`,
        ...witnesses.map((one) => stateLine(one, log_size)),
      ];
  if (own === null) return [head, ...said, "own       this node is no witness of others"];
  const logs = own.logs.map(({ origin: log, size, at, refused }) => `  ${escapeTerminal(log)}  ${refused === null ? (size === null ? "not seen yet" : `cosigned at ${size} entries on ${at}`) : `COSIGNED NO MORE: ${escapeTerminal(refused)}`}`);
  return [head, ...said, `own       ${own.key}`, ...logs];
}

/** `witness` shows; `witness key` prints what others put into their trust file and configuration. */
export const run: CommandModule["run"] = async ({ values, positionals: [verb] }) => {
  if (verb !== undefined && verb !== "key") throw new MaestroError("cli.usage", `witness ${verb} is unknown; say nothing, or key`);
  const { client } = connect(values);
  const reply = await client.witnesses();
  if (verb === "key") {
    if (reply.own === null) throw new MaestroError("cli.usage", "this daemon is no witness; name the logs it cosigns under witness in the host configuration");
    if (values["json"] === true) printJson({ name: reply.own.name, key: reply.own.key });
    else print(reply.own.key);
    return EXIT.admit;
  }
  if (values["json"] === true) printJson(reply);
  else print(lines(reply).join("\n"));
  return EXIT.admit;
};
