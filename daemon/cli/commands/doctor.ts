import type { CommandModule } from "../command.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { connect } from "../connect.ts";
import { agentFindings } from "../doctor/agents.ts";
import { configFileFinding } from "../doctor/config-file.ts";
import { daemonFindings } from "../doctor/daemon.ts";
import { analyserFindings } from "../doctor/analysers.ts";
import { THIS_MACHINE, machineFindings } from "../doctor/machine.ts";
import { reporterFindings } from "../doctor/reporter.ts";
import { stateFindings } from "../doctor/state.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";

/** As `test` and `diff` use them: 0 all well, 1 something is wrong. */
const EXIT_WELL = 0;
const EXIT_WRONG = 1;

export const run: CommandModule["run"] = async ({ values }) => {
  const { client, locations } = connect(values);
  const findings = [...machineFindings(THIS_MACHINE), ...analyserFindings(THIS_MACHINE), ...stateFindings(locations), ...reporterFindings(locations), configFileFinding(locations), ...(await daemonFindings(client, locations, THIS_MACHINE)), ...(await agentFindings(process.cwd()))];
  const well = findings.every(({ state }) => state !== "fail");
  if (values["json"] === true) printJson({ well, findings });
  else {
    for (const { check, state, detail, remedy } of findings) {
      print(`${state.padEnd(5)} ${check.padEnd(13)} ${escapeTerminal(detail)}`);
      if (remedy !== null) print(`${" ".repeat(20)}-> ${escapeTerminal(remedy)}`);
    }
  }
  return well ? EXIT_WELL : EXIT_WRONG;
};
