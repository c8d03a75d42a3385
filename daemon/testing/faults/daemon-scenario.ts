/** `maestrod` with its git and check processes as a subject of faults. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Refused } from "./daemon-driver.ts";
import type { Acknowledged } from "./evidence-writer.ts";
import { sitesOf } from "./injection.ts";
import { record, recordingFolder } from "./record.ts";
import { auditState } from "./state-audit.ts";
import { parseStrace } from "./strace-lines.ts";
import type { Scenario } from "./sweep.ts";

const DRIVER = join(import.meta.dir, "daemon-driver.ts");

/** Names that are new in every run; a path that holds one cannot be asked for again. */
const RANDOM_NAME = /quarantine-|gate-|tmp_|pack-|blobs\/sha256\/[0-9a-f]/;

/** What was refused may be refused with any word of the table but that of a bug. */
async function audit(root: string, stdout: string): Promise<string[]> {
  const said = stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line) as Acknowledged | Refused);
  const bugs = said.flatMap((answer) => ("refused" in answer && answer.refused === "internal.bug" ? ["a gate was refused with internal.bug"] : []));
  const acknowledged = said.flatMap((answer) => ("refused" in answer ? [] : [answer]));
  return [...bugs, ...(await auditState(root, { acknowledged, next: true, verified: new Set() }))];
}

export async function daemonScenario(count: number): Promise<Scenario> {
  const argv = (root: string): string[] => [process.execPath, DRIVER, root, String(count)];
  using recording = recordingFolder();
  await record(argv(recording.root), recording.trace);
  const sites = sitesOf(parseStrace(readFileSync(recording.trace, "latin1")), recording.root).filter(({ path }) => !RANDOM_NAME.test(path));
  return { name: "maestrod", argv, sites, audit, [Symbol.dispose]: () => undefined };
}
