/** The engine processes of a running daemon, as the kernel lists them. */
import { run } from "./accepts.ts";

/** Ids of the daemon's children that hold the text engine, started from the source or as the package's bundle of it. */
export async function textWorkers(daemon: number): Promise<number[]> {
  const { code, stdout, stderr } = await run(["pgrep", "-P", String(daemon), "-f", "models/text/worker\\.ts|/text-worker\\.js"]);
  // 1 where no process fits.
  if (code !== 0 && code !== 1) throw new Error(`pgrep ended with ${code}: ${stderr.trim()}`);
  return stdout.trim().split("\n").filter((line) => line !== "").map(Number);
}
