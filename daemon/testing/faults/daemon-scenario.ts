/** `maestrod` with its git and check processes as a subject of faults. */
import { join } from "node:path";
import type { Refused } from "./daemon-driver.ts";
import type { Acknowledged } from "./evidence-writer.ts";
import { sitesOf, type Subject } from "./injection.ts";
import { auditState } from "./state-audit.ts";
import type { Scenario } from "./sweep.ts";

const DRIVER = join(import.meta.dir, "daemon-driver.ts");

/** What was refused may be refused with any word of the table but that of a bug. */
async function audit(root: string, stdout: string): Promise<string[]> {
  const said = stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line) as Acknowledged | Refused);
  const bugs = said.flatMap((answer) => ("refused" in answer && answer.refused === "internal.bug" ? ["a gate was refused with internal.bug"] : []));
  const acknowledged = said.flatMap((answer) => ("refused" in answer ? [] : [answer]));
  return [...bugs, ...(await auditState(root, { acknowledged, next: true, verified: new Set() }))];
}

export async function daemonScenario(count: number): Promise<Scenario> {
  const run: Subject = { argv: (root) => [process.execPath, DRIVER, root, String(count)] };
  return { ...run, name: "maestrod", sites: await sitesOf(run), audit, [Symbol.dispose]: () => undefined };
}
