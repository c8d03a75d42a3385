/** Every byte of a bundle, changed to every other value: nearly three million mutants, shared among all processors. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { makeBundle, newRing, NOW, SAMPLE_OUTCOMES } from "../daemon/testing/evidence.ts";
import { ALL_CHANGES, flipInShares } from "../daemon/testing/flip-share.ts";

const DEADLINE_MS = 2 * 3_600_000;

test("no change of a single byte is accepted", async () => {
  const ring = newRing();
  const bundle = makeBundle(ring, { verdict: "admit", outcomes: SAMPLE_OUTCOMES.slice(0, 1), beside: (all) => all, documents: { "a.txt": "b" } });
  const folder = mkdtempSync(join(tmpdir(), "maestro-flip-"));
  try {
    writeFileSync(join(folder, "bundle"), bundle);
    writeFileSync(join(folder, "trust"), ring.trust);
    const began_ms = performance.now();
    const count = await flipInShares({ folder, now: NOW.toISOString() }, availableParallelism());
    process.stderr.write(`flip: ${bundle.length} bytes, ${ALL_CHANGES.length} changes each, ${JSON.stringify(count)}, ${Math.round((performance.now() - began_ms) / 1000)} s\n`);
    expect(count).toEqual({ refused: ALL_CHANGES.length * bundle.length, same: 0, different: 0 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, DEADLINE_MS);
