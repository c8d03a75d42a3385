/** A copy of a stopped world's state whose database is cut and whose index has lost every name of one kind: what a repair makes of it. */
import { cpSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { World } from "../../testing/core.ts";

const OFFLINE = join(import.meta.dir, "../../offline.ts");
const BYTES_LEFT = 30_000;

/** Stops the world while it copies, and starts it again. `damage`: what is still wrong afterwards. */
export async function repairedCopy(world: World, lost: string): Promise<{ readonly state_dir: string; readonly damage: number }> {
  await world.stop();
  const state_dir = join(world.scratch.root, "cut");
  cpSync(world.state_dir, state_dir, { recursive: true });
  await world.start();
  truncateSync(join(state_dir, "db/data.mdb"), BYTES_LEFT);
  const path = join(state_dir, "oci/index.json");
  const index = JSON.parse(readFileSync(path, "utf8")) as { manifests: { artifactType?: string }[] };
  writeFileSync(path, JSON.stringify({ ...index, manifests: index.manifests.filter(({ artifactType }) => artifactType !== lost) }));
  const child = Bun.spawn([process.execPath, OFFLINE, "repair", "--state", state_dir], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const said = (await new Response(child.stdout).text()).trim().split("\n").at(-1) ?? "";
  await child.exited;
  const { report } = JSON.parse(said) as { report: { after: { damage_total: number } } };
  return { state_dir, damage: report.after.damage_total };
}
