/**
 * Measures both engines for one leaf length and batch size after the other, in
 * a process of its own, because OpenSSL's capability mask (which `merkle.ts`
 * sets to take the SHA instructions away) is read at start. Prints JSON.
 */
import { nativeHasher, probeSha, wasmHasher } from "../../kernels/merkle/choose.ts";
import { leastCpuMs } from "../figure.ts";

export interface Crossover {
  readonly sha: "hardware" | "software";
  readonly rows: readonly { readonly bytes: number; readonly batch: number; readonly wasm_ns: number; readonly native_ns: number }[];
}

/** Leaves hashed per timing, so that a batch of one is not lost in the clock. */
const LEAVES = 32_768;

async function measure(bytes: number, batch: number): Promise<Crossover["rows"][number]> {
  const all = new Uint8Array(batch * bytes).map((_, i) => i * 7);
  const leaves = Array.from({ length: batch }, (_, i) => all.subarray(i * bytes, (i + 1) * bytes));
  const ns = async (hash: (leaves: readonly Uint8Array[]) => Uint8Array): Promise<number> => {
    const ms = await leastCpuMs(7, () => {
      for (let done = 0; done < LEAVES; done += batch) hash(leaves);
    });
    return (ms * 1e6) / LEAVES;
  };
  return { bytes, batch, wasm_ns: await ns(wasmHasher().leafHashes), native_ns: await ns(nativeHasher.leafHashes) };
}

if (import.meta.main) {
  const rows = [];
  for (const bytes of [16, 54, 55, 64, 118, 256, 1024]) rows.push(await measure(bytes, 4096));
  for (const batch of [1, 2, 3, 4, 16, 64]) rows.push(await measure(64, batch));
  const crossover: Crossover = { sha: probeSha(() => Bun.nanoseconds(), nativeHasher), rows };
  process.stdout.write(JSON.stringify(crossover));
}
