/** Every parser at the boundary, with a seed of its own each night; a failure prints the seed and the input for the corpus. */
import { expect, test } from "bun:test";
import { fuzz } from "../daemon/testing/fuzz/fuzz.ts";
import { TARGETS } from "../daemon/testing/fuzz/targets.ts";

const SEED = Number(process.env["MAESTRO_FUZZ_SEED"] ?? Math.floor(Date.now() / 1000));
const INPUTS = Number(process.env["MAESTRO_FUZZ_INPUTS"] ?? 1_000_000);
const TARGET_BUDGET_MS = 600_000;
const RSS_GROWTH_BYTES_MAX = 512 * 1024 * 1024;

for (const target of TARGETS) {
  test(`${target.name}, seed ${SEED}`, async () => {
    const before = process.memoryUsage.rss();
    const { wrong, inputs, taken, refused, slowest_ms } = await fuzz(target, SEED, INPUTS, TARGET_BUDGET_MS);
    process.stderr.write(`${target.name}: ${inputs} inputs, ${taken} taken, ${refused} refused, slowest ${Math.round(slowest_ms)} ms\n`);
    expect({ seed: SEED, wrong }).toEqual({ seed: SEED, wrong: [] });
    expect(process.memoryUsage.rss() - before).toBeLessThan(RSS_GROWTH_BYTES_MAX);
  }, 2 * TARGET_BUDGET_MS);
}
