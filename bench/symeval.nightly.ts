/** A million rows of random conditions to the kernel, to closures and to the reference. */
import { expect, test } from "bun:test";
import { compareBatches } from "../daemon/invariants/testing/batches.ts";

const SEED = Number(process.env["MAESTRO_SEED"] ?? Math.floor(Date.now() / 1000));
const PAIRS = 1_000_000;

test(`kernel, closures and reference answer alike on ${PAIRS} rows, seed ${SEED}`, () => {
  const { disagreements, seen, not_expressible, by_table } = compareBatches(SEED, PAIRS, 50);
  process.stderr.write(`${PAIRS} rows: ${JSON.stringify(seen)}; a table in ${by_table} conditions; no program for ${Object.values(not_expressible).reduce((sum, one) => sum + one, 0)}\n`);
  expect({ seed: SEED, disagreements }).toEqual({ seed: SEED, disagreements: [] });
}, 600_000);
