import { EXIT } from "../../../proto/errors.ts";
import type { CommandModule } from "../command.ts";
import { connect } from "../connect.ts";
import { printJson } from "../document.ts";
import { note } from "../output.ts";

const GONE_DEADLINE_MS = 35_000;
const PROBE_INTERVAL_MS = 20;

export const run: CommandModule["run"] = async ({ values }) => {
  const { client } = connect(values);
  await client.stop();
  const deadline = performance.now() + GONE_DEADLINE_MS;
  while ((await client.answers()) && performance.now() < deadline) await Bun.sleep(PROBE_INTERVAL_MS);
  const stopped = !(await client.answers());
  if (values["json"] === true) printJson({ stopped });
  else note(stopped ? "maestrod stopped" : "maestrod is still finishing its work; it takes no more");
  return stopped ? EXIT.admit : EXIT.unavailable;
};
