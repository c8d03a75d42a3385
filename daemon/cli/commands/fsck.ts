import { EXIT, MaestroError } from "../../../proto/errors.ts";
import type { FsckReport, RepairReport } from "../../../proto/integrity.ts";
import { mebibytes } from "../bytes.ts";
import type { CommandModule } from "../command.ts";
import { connect } from "../connect.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { printJson } from "../document.ts";
import { offline } from "../offline.ts";
import { note, print } from "../output.ts";
import type { MaestroClient } from "../../client/maestro.ts";

function linesOf({ examined, damage, damage_total }: FsckReport): string[] {
  return [
    ...examined.map(({ area, items, bytes }) => `${area.padEnd(12)} ${items} looked at, ${mebibytes(bytes)}`),
    ...damage.map(({ area, name, what }) => `DAMAGED      ${area}: ${escapeTerminal(name)}: ${escapeTerminal(what)}`),
    damage_total === 0 ? "nothing damaged" : `${damage_total} damaged; with the daemon stopped, maestro fsck --repair rebuilds what can be rebuilt`,
  ];
}

async function running(client: MaestroClient): Promise<FsckReport> {
  for await (const event of client.fsck()) {
    if (event.event === "report") return event.report;
    note(`maestro: ${event.area}: ${event.items} looked at`);
  }
  throw new MaestroError("worker.protocol", "the daemon's reply ended without a report");
}

function repaired({ quarantine, rebuilt, lost, succession, after }: RepairReport): string[] {
  return [
    ...rebuilt.map((what) => `rebuilt      ${escapeTerminal(what)}`),
    ...lost.map((what) => `LOST         ${escapeTerminal(what)}`),
    ...(succession === null ? [] : [`new log      ${succession.to} follows ${succession.from}: its newest head could not be proven, and no key may sign two histories`]),
    ...(quarantine === null ? [] : [`moved aside  ${quarantine}`]),
    ...linesOf(after),
  ];
}

/** 0: sound, or whole again without a loss. 1: damaged, or something is lost. */
export const run: CommandModule["run"] = async ({ values }) => {
  const { client, locations } = connect(values);
  const json = values["json"] === true;
  if (values["repair"] === true) {
    const report = await offline<RepairReport>("repair", ["--state", locations.state_dir]);
    if (json) printJson(report);
    else print(repaired(report).join("\n"));
    return report.after.damage_total === 0 && report.lost.length === 0 ? EXIT.admit : EXIT.refuse;
  }
  const report = (await client.answers()) ? await running(client) : await offline<FsckReport>("fsck", ["--state", locations.state_dir]);
  if (json) printJson(report);
  else print(linesOf(report).join("\n"));
  return report.damage_total === 0 ? EXIT.admit : EXIT.refuse;
};
