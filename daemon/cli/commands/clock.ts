import { EXIT, MaestroError } from "../../../proto/errors.ts";
import type { ClockReply } from "../../../proto/api.ts";
import type { CommandModule, Values } from "../command.ts";
import { connect } from "../connect.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";

function lines({ wall, log_time, frozen }: ClockReply): string {
  const clocks = `wall      ${wall}\nlog time  ${log_time}`;
  if (frozen === null) return clocks;
  return `${clocks}\nfrozen    the wall clock jumped ahead by ${frozen.step_s} s, so entries are dated ${frozen.at}\n          once the clock is right: maestro clock reset --now TIME --reason TEXT`;
}

function required(values: Values, name: string, what: string): string {
  const value = values[name];
  if (typeof value !== "string") throw new MaestroError("cli.usage", `clock reset needs --${name} ${what}`);
  return value;
}

/** `clock` shows; `clock reset` lets frozen log time go on, under the operator's own reading of the time. */
export const run: CommandModule["run"] = async ({ values, positionals: [verb] }) => {
  if (verb !== undefined && verb !== "reset") throw new MaestroError("cli.usage", `clock ${verb} is unknown; say nothing, or reset`);
  const { client } = connect(values);
  if (verb === undefined) {
    const reply = await client.clock();
    if (values["json"] === true) printJson(reply);
    else print(lines(reply));
    return EXIT.admit;
  }
  const reply = await client.resetClock({ now: required(values, "now", "TIME, from a clock you trust"), reason: required(values, "reason", "TEXT") });
  if (values["json"] === true) printJson(reply);
  else print(`log time goes on at ${reply.log_time}; entry ${reply.log_index} of the log says so`);
  return EXIT.admit;
};
