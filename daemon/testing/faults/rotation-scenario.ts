/** A verdict, another key for the log, two verdicts under that, as a subject of faults. */
import { sitesOf, type Subject } from "./injection.ts";
import { ROTATION } from "./renewal-subjects.ts";
import { auditState } from "./state-audit.ts";
import { acknowledgedIn, type Scenario } from "./sweep.ts";

export async function rotationScenario(): Promise<Scenario> {
  const run: Subject = { argv: ROTATION.argv };
  const audit = (root: string, stdout: string): Promise<string[]> => auditState(root, { acknowledged: acknowledgedIn(stdout), next: true, verified: new Set() });
  return { ...run, name: "rotation", sites: await sitesOf(run), audit, [Symbol.dispose]: () => undefined };
}
