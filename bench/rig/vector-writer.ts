/** Child of `embedding.accept.ts`: puts vectors and asks for neighbours without end, and kills itself at the n-th coming of a named step. */
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../proto/limits.ts";
import { openStore } from "../../daemon/store/db.ts";
import { type VectorDeps, type VectorSpace, Vectors } from "../../daemon/models/vectors/index.ts";
import { ENGINE_LIMITS } from "./embedded.ts";
import { randomUnit } from "./random-vectors.ts";

export const CRASH_SPACE: VectorSpace = { owner: "red", repository: "shop", of: "exemplars", model_digest: "a".repeat(64), dimensions: 32 };
/** Rows of one put; as soon as there are more than a matrix may have, each search writes a file. */
const BATCH = 60;

/** The n-th row is the same in each process. */
export const crashRow = (n: number) => ({ key: `row ${n}`, text_sha256: n.toString(16).padStart(64, "0"), vector: randomUnit(n, CRASH_SPACE.dimensions) });

export function openCrashing(folder: string, engine_folder: string, step?: VectorDeps["step"], silence_ms = ENGINE_LIMITS.silence_ms) {
  const store = openStore({ state_dir: folder, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: (reason) => { throw reason; } });
  const vectors = new Vectors({ store, folder: join(folder, "vectors"), engine_folder, limits: { ...ENGINE_LIMITS, silence_ms }, now_s: () => 1_000, exact_max: 100, save_rows: 1, warn: (what, error) => process.stderr.write(`${what}: ${String(error)}\n`), ...(step === undefined ? {} : { step }) });
  return { store, vectors };
}

if (import.meta.main) {
  const [folder = "", engine_folder = "", wanted = "", nth = "1"] = process.argv.slice(2);
  let left = Number(nth);
  const die = (step: string): void => {
    if (step === wanted && --left === 0) process.kill(process.pid, "SIGKILL");
  };
  const { vectors } = openCrashing(folder, engine_folder, die);
  for (let n = vectors.count(CRASH_SPACE); ; n += BATCH) {
    vectors.put(CRASH_SPACE, Array.from({ length: BATCH }, (_, place) => crashRow(n + place)));
    die("put");
    await vectors.search(CRASH_SPACE, randomUnit(0.5 + n, CRASH_SPACE.dimensions), 3);
    process.stdout.write(`${n + BATCH}\n`);
  }
}
