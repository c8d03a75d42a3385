/** The folder of merged trees. */
import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** Whoever gets this far sees the trees: the state folder above it is closed, and a launcher in a unit of its own, as another user, has only this folder bound into its view. */
const OPEN_MODE = 0o755;

/** Empty: what a killed daemon left there was never acknowledged. */
export async function openTrees(state_dir: string): Promise<string> {
  const trees_dir = join(state_dir, "trees");
  await rm(trees_dir, { recursive: true, force: true });
  await mkdir(trees_dir, { recursive: true });
  // Whatever the umask says.
  await chmod(trees_dir, OPEN_MODE);
  return trees_dir;
}
