/** `maestrod` with its git and check processes as a subject of faults. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bundlePrograms } from "../../deb/bundle.ts";
import { ROOT } from "../../house/sources.ts";
import type { Refused } from "./daemon-driver.ts";
import type { Acknowledged } from "./evidence-writer.ts";
import { sitesOf, type Subject } from "./injection.ts";
import { auditState } from "./state-audit.ts";
import { straysIn } from "./strays.ts";
import type { Scenario } from "./sweep.ts";

const DRIVER = join(import.meta.dir, "daemon-driver.ts");

const answersIn = (stdout: string): (Acknowledged | Refused)[] => stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line) as Acknowledged | Refused);

/** What was refused may be refused with any word of the table but that of a bug. */
async function audit(root: string, stdout: string): Promise<string[]> {
  const said = answersIn(stdout);
  const bugs = said.flatMap((answer) => ("refused" in answer && answer.refused === "internal.bug" ? ["a gate was refused with internal.bug"] : []));
  const acknowledged = said.flatMap((answer) => ("refused" in answer ? [] : [answer]));
  const problems = await auditState(root, { acknowledged, next: true, verified: new Set() });
  return [...bugs, ...problems, ...straysIn(root).map((path) => `${path} lies there for nobody`)];
}

/** The daemon in one file, as a package runs it: it starts once for each fault, and a source of 800 modules takes twice as long. */
async function inOneFile(): Promise<{ readonly program: string; readonly folder: string }> {
  // In the tree, because native code is looked for beside its package; git ignores the folder.
  const out = join(ROOT, "out");
  mkdirSync(out, { recursive: true });
  const folder = mkdtempSync(join(out, "faults-"));
  await bundlePrograms(folder, ROOT);
  return { program: join(folder, "maestrod.js"), folder };
}

export async function daemonScenario(count: number): Promise<Scenario> {
  const { program, folder } = await inOneFile();
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const run: Subject = { argv: (root) => [process.execPath, DRIVER, root, String(count), program] };
  // On a machine that is too busy a gate may be refused, and its calls would not be counted.
  const all = (stdout: string): boolean => answersIn(stdout).filter((answer) => !("refused" in answer)).length === count;
  try {
    return { ...run, name: "maestrod", sites: await sitesOf(run, all), audit, [Symbol.dispose]: remove };
  } catch (error) {
    remove();
    throw error;
  }
}
