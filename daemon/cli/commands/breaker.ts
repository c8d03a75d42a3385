import { BREAKER_RESET_NAMESPACE, type BreakerResetReply, type BreakerResetRequest, type BreakersReply, type BreakerView } from "../../../proto/breaker.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { isOwnReason } from "../../../proto/release.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type CommandModule, type Values } from "../command.ts";
import { connect } from "../connect.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";
import { inScratch, keyOfAgent, keyOfFile, signed } from "../signing.ts";

function line({ action, party, state, failures, reason, half_opens }: BreakerView): string {
  const until = state === "open" ? ` until ${half_opens ?? ""}` : state === "half-open" ? ": the next call is tried" : `, ${failures} of late`;
  return `${state.padEnd(10)} ${action} of ${escapeTerminal(party)}${until}${reason === null ? "" : `\n           ${escapeTerminal(reason)}`}`;
}

/** The one that is meant. Throws `cli.usage`. */
function chosen({ breakers, trust_domain }: BreakersReply, action: string, party: string | undefined, reason: string): BreakerResetRequest {
  const open = breakers.filter((one) => one.action === action && one.opened !== null && (party === undefined || one.party === party));
  const [view] = open;
  if (view === undefined || view.opened === null) throw new MaestroError("cli.usage", `${action} is not open${party === undefined ? "" : ` for ${party}`}, or you may not see it; give --party as maestro breaker list shows it to whoever runs the daemon`);
  if (open.length > 1) throw new MaestroError("cli.usage", `${action} is open for ${open.map((one) => one.party).join(", ")}; say which with --party`);
  return { type: "maestro.breaker-reset", v: 1, trust_domain, action: view.action, party: view.party, trips: view.trips, opened: view.opened, reason };
}

async function reset(values: Values, action: string, folder: string): Promise<BreakerResetReply & { readonly request: BreakerResetRequest }> {
  const [reason, file] = [textOf(values, "reason"), textOf(values, "key")];
  if (reason === undefined || !isOwnReason(reason)) throw new MaestroError("cli.usage", "a reset takes --reason TEXT in your own words, which is signed and logged");
  if (file !== undefined && values["agent"] === true) throw new MaestroError("cli.usage", "--key FILE or --agent, not both");
  const { client } = connect(values);
  const request = chosen(await client.breakers(), action, textOf(values, "party"), reason);
  const key = file !== undefined ? keyOfFile(file) : values["agent"] === true ? keyOfAgent(folder) : null;
  const proof = key === null ? {} : { public_key: key.public_key, signature: await signed(request, key, folder, BREAKER_RESET_NAMESPACE) };
  return { ...(await client.resetBreaker({ request, ...proof })), request };
}

export const run: CommandModule["run"] = async ({ values, positionals: [verb = "list", action] }) => {
  if (verb === "list" && action === undefined) {
    const reply = await connect(values).client.breakers();
    if (values["json"] === true) printJson(reply);
    else print(reply.breakers.length === 0 ? "every breaker is closed" : reply.breakers.map(line).join("\n"));
    return EXIT.admit;
  }
  if (verb !== "reset" || action === undefined) throw new MaestroError("cli.usage", "say: maestro breaker list, or maestro breaker reset ACTION --reason TEXT");
  const done = await inScratch((folder) => reset(values, action, folder));
  if (values["json"] === true) printJson(done);
  else print(`${done.request.action} of ${escapeTerminal(done.request.party)} is closed by ${escapeTerminal(done.person)}; entry ${done.log_index} of the log says so`);
  return EXIT.admit;
};
