/**
 * A crowd in one process: asks a daemon the same question many times at once through our client, and says how each ended.
 * Arguments: socket, number of requests, the client's patience in ms. Prints one JSON line.
 */
import { MaestroError } from "../../../proto/errors.ts";
import { MaestroClient } from "../../client/maestro.ts";

/** How a crowd fared: outcomes by `ok` or error code, and the waits in milliseconds. */
export interface Crowd {
  readonly outcomes: Readonly<Record<string, number>>;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

export async function flood(path: string, requests: number, patience_ms: number): Promise<Crowd> {
  const client = new MaestroClient(path, { patience_ms });
  const outcomes: Record<string, number> = {};
  const waits: number[] = [];
  const one = async (): Promise<void> => {
    const began_ms = performance.now();
    const how = await client.version().then(() => "ok", (error: unknown) => (error instanceof MaestroError ? error.code : String(error)));
    waits.push(performance.now() - began_ms);
    outcomes[how] = (outcomes[how] ?? 0) + 1;
  };
  await Promise.all(Array.from({ length: requests }, one));
  const sorted = waits.sort((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { outcomes, p50_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1) };
}

if (import.meta.main) {
  const [path = "", requests = "1", patience_ms = "2000"] = process.argv.slice(2);
  process.stdout.write(`${JSON.stringify(await flood(path, Number(requests), Number(patience_ms)))}\n`);
}
