/** Starts the reporter, a program of its own: it speaks to the daemon and to the egress helper, which a command may not. */
import { MaestroError } from "../../../proto/errors.ts";
import { textOf, type CommandModule } from "../command.ts";
import { locate } from "../connect.ts";

const PROGRAM = Bun.fileURLToPath(new URL("../../reporter/main.ts", import.meta.url));

export const run: CommandModule["run"] = async ({ values }) => {
  const locations = locate(values);
  const args = ["--config", textOf(values, "config") ?? locations.host_config_path, "--state", textOf(values, "reporter-state") ?? `${locations.state_dir}/reporter`, "--socket", locations.socket_path, ...(values["once"] === true ? ["--once"] : [])];
  const child = Bun.spawn([process.execPath, PROGRAM, ...args], { stdin: "ignore", stdout: "inherit", stderr: "inherit" });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => child.kill(signal));
  const code = await child.exited;
  if (child.signalCode !== null) throw new MaestroError("worker.crashed", `the reporter was ended by ${child.signalCode}`);
  return code;
};
