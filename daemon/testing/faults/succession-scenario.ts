/** A folder that wakes up on another machine, as a subject of faults: its log ends and another begins, and neither loses an entry. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { sitesOf, type Subject } from "./injection.ts";
import { auditState } from "./state-audit.ts";
import { acknowledgedIn, originOf, type Scenario } from "./sweep.ts";

const WRITER = join(import.meta.dir, "evidence-writer.ts");
export const [HERE, THERE] = ["a".repeat(64), "b".repeat(64)] as const;

/** The writer, on one of the two machines. */
export const writerOn = (machine: string, count: number) => (root: string): string[] => [process.execPath, WRITER, root, String(count), "durable", "close", machine];

export async function successionScenario(): Promise<Scenario> {
  let promised = "";
  const origin = await originOf({ argv: writerOn(HERE, 2) }, (stdout) => void (promised = stdout));
  const run: Subject = { argv: writerOn(THERE, 1), origin };
  const audit = (root: string, stdout: string): Promise<string[]> => auditState(root, { acknowledged: acknowledgedIn(promised + stdout), next: true, machine: THERE, verified: new Set() });
  return { ...run, name: "succession", sites: await sitesOf(run), audit, [Symbol.dispose]: () => rmSync(origin, { recursive: true, force: true }) };
}
