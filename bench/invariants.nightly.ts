/** 100,000 random expressions and events to two implementations of CEL; a disagreement that no pinned difference explains fails. */
import { expect, test } from "bun:test";
import { compare } from "../daemon/invariants/testing/cel.ts";

const SEED = Number(process.env["MAESTRO_SEED"] ?? Math.floor(Date.now() / 1000));
const PAIRS = 100_000;

test(`two implementations of CEL answer alike on ${PAIRS} pairs, seed ${SEED}`, () => {
  const { agreed, explained, unexplained } = compare(SEED, PAIRS);
  process.stderr.write(`${PAIRS} pairs: ${JSON.stringify(agreed)}, ${explained} by a known difference\n`);
  expect({ seed: SEED, unexplained }).toEqual({ seed: SEED, unexplained: [] });
}, 600_000);
