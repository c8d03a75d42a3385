/** The upgrade of an older state folder as a subject of faults: an old database stays whole until the new one is. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { sitesOf, type Subject } from "./injection.ts";
import { auditUpgrade } from "./old-state.ts";
import { originOf, type Scenario } from "./sweep.ts";

const WRITER = join(import.meta.dir, "upgrade-writer.ts");
const upgrader = (task: "old" | "new") => (root: string): string[] => [process.execPath, WRITER, root, task];

export async function upgradeScenario(): Promise<Scenario> {
  const origin = await originOf({ argv: upgrader("old") });
  const run: Subject = { argv: upgrader("new"), origin };
  return { ...run, name: "upgrade", sites: await sitesOf(run), audit: auditUpgrade, [Symbol.dispose]: () => rmSync(origin, { recursive: true, force: true }) };
}
