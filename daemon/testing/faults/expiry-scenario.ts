/** A start at which a record's time is over, as a subject of faults: afterwards it is there whole, or gone whole, and a start that nobody injures leaves nothing of it. */
import { join } from "node:path";
import { expiringWorld, leftBy, NOTHING_LEFT } from "../../integrity/testing/killed.ts";
import { sitesOf, type Subject } from "./injection.ts";
import type { Scenario } from "./sweep.ts";

const EXPIRING = join(import.meta.dir, "../../integrity/testing/expiring.ts");

export async function expiryScenario(): Promise<Scenario> {
  const world = await expiringWorld();
  const run: Subject = { argv: (root) => [process.execPath, EXPIRING, root, "never"], origin: world.state_dir };
  const audit = async (root: string): Promise<string[]> => {
    const left = await leftBy(root);
    return Bun.deepEquals(left, { said: NOTHING_LEFT.said, blobs: NOTHING_LEFT.blobs, tombstones: NOTHING_LEFT.tombstones }) ? [] : [JSON.stringify(left)];
  };
  return { ...run, name: "expiry", sites: await sitesOf(run), audit, [Symbol.dispose]: () => void world[Symbol.asyncDispose]() };
}
