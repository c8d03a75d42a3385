import { readFileSync } from "node:fs";
import { EXIT } from "../../../proto/errors.ts";
import type { CommandModule } from "../command.ts";
import { connect } from "../connect.ts";
import { printJson } from "../document.ts";
import { note } from "../output.ts";

const SILENT_DEADLINE_MS = 35_000;
/** It answers nobody any more and closes its state. */
const GONE_DEADLINE_MS = 10_000;
const PROBE_INTERVAL_MS = 20;

/** Seen from here; of a daemon in a container the number is nobody's or another program's, and it is not waited for. */
function gone(pid: number): boolean {
  try {
    return !/maestrod|[/\0]daemon\/main\.ts/.test(readFileSync(`/proc/${pid}/cmdline`, "latin1"));
  } catch {
    return true;
  }
}

async function within(deadline_ms: number, holds: () => boolean | Promise<boolean>): Promise<boolean> {
  const ends_ms = performance.now() + deadline_ms;
  while (!(await holds())) {
    if (performance.now() > ends_ms) return false;
    await Bun.sleep(PROBE_INTERVAL_MS);
  }
  return true;
}

export const run: CommandModule["run"] = async ({ values }) => {
  const { client } = connect(values);
  const { pid } = await client.stop();
  const stopped = await within(SILENT_DEADLINE_MS, async () => !(await client.answers()));
  // Whoever starts another one at once, or copies its folder, is not in its way.
  if (stopped) await within(GONE_DEADLINE_MS, () => gone(pid));
  if (values["json"] === true) printJson({ stopped });
  else note(stopped ? "maestrod stopped" : "maestrod is still finishing its work; it takes no more");
  return stopped ? EXIT.admit : EXIT.unavailable;
};
