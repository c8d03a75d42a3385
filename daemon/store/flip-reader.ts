/**
 * Child of `flip.test.ts`: flips one bit of a database per seed, reads every
 * record through its table and raw, and prints a line per seed. A damaged page
 * may take the process down, so the parent goes on behind the last line.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { MaestroError } from "../../proto/errors.ts";
import { Closed } from "../../proto/scalar.ts";
import { openStore } from "./db.ts";

export const Sample = Closed({ n: Type.Integer(), text: Type.String() });
export const limits = { value_bytes_max: 2048, blob_bytes_max: 1 << 20, commit_deadline_ms: 2000, free_bytes_min: 1 };
export const RECORDS = 300;
export const sampleText = (n: number): string => `${n} `.repeat(1 + ((n * 131) % 200));

/** One line of the child's output. */
export interface Tally {
  readonly seed: number;
  readonly right: number;
  readonly missing: number;
  readonly corrupt: number;
  /** Records that came back as something that was never written. */
  readonly wrong: number;
}

const isCorrupt = (error: unknown): boolean => error instanceof MaestroError && error.code === "store.corrupt";

async function readAll(state_dir: string, seed: number): Promise<Tally> {
  const tally = { seed, right: 0, missing: 0, corrupt: 0, wrong: 0 };
  try {
    const store = openStore({ state_dir, limits, fatal: () => process.exit(70) });
    const table = store.table<number, typeof Sample>("samples", Sample);
    for (let n = 0; n < RECORDS; n++) {
      try {
        const row = table.get(n);
        if (row === undefined) tally.missing += 1;
        else if (row.n === n && row.text === sampleText(n)) tally.right += 1;
        else tally.wrong += 1;
      } catch (error) {
        if (!isCorrupt(error)) throw error;
        tally.corrupt += 1;
      }
    }
    try {
      for (const { key, value } of table.entries()) if (value.n !== key || value.text !== sampleText(key)) tally.wrong += 1;
    } catch (error) {
      if (!isCorrupt(error)) throw error;
    }
    await store.close();
  } catch (error) {
    if (!(error instanceof MaestroError)) throw error;
    tally.corrupt = RECORDS;
  }
  return tally;
}

/** xorshift32: the same seed flips the same bit in every run. */
function bitOf(seed: number, bits: number): number {
  let x = (seed * 2654435761 + 1) >>> 0;
  for (const shift of [13, -17, 5]) x = (shift > 0 ? x ^ (x << shift) : x ^ (x >>> -shift)) >>> 0;
  return x % bits;
}

if (import.meta.main) {
  const [origin = "", scratch = "", from = "0", to = "0"] = process.argv.slice(2);
  const clean = readFileSync(join(origin, "db", "data.mdb"));
  for (let seed = Number(from); seed < Number(to); seed++) {
    const state_dir = join(scratch, String(seed));
    mkdirSync(join(state_dir, "db"), { recursive: true, mode: 0o700 });
    const damaged = Buffer.from(clean);
    const bit = bitOf(seed, clean.length * 8);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    writeFileSync(join(state_dir, "db", "data.mdb"), damaged);
    copyFileSync(join(origin, "db", "schema"), join(state_dir, "db", "schema"));
    process.stdout.write(`${JSON.stringify(await readAll(state_dir, seed))}\n`);
    rmSync(state_dir, { recursive: true });
  }
}
