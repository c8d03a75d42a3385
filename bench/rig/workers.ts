/** The engine processes of a running daemon, as the kernel lists them. */
import { run } from "./accepts.ts";

/** Ids of the daemon's children that run this program, started from the source or as the package's bundle of it. */
async function childrenOf(daemon: number, program: string): Promise<number[]> {
  const { code, stdout, stderr } = await run(["pgrep", "-P", String(daemon), "-f", program]);
  // 1 where no process fits.
  if (code !== 0 && code !== 1) throw new Error(`pgrep ended with ${code}: ${stderr.trim()}`);
  return stdout.trim().split("\n").filter((line) => line !== "").map(Number);
}

/** Those that hold the text engine. */
export const textWorkers = (daemon: number): Promise<number[]> => childrenOf(daemon, "models/text/worker\\.ts|/text-worker\\.js");
/** Those that hold the embedding model. */
export const embeddingWorkers = (daemon: number): Promise<number[]> => childrenOf(daemon, "models/embedding/worker\\.ts|/embedding-worker\\.js");
