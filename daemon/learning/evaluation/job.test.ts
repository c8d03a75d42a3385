import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RouterEntry } from "../../../proto/routing.ts";
import { fitJob } from "./job.ts";
import { lineOf } from "./row.ts";

const folder = mkdtempSync(join(tmpdir(), "ms-fit-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ARMS = 64;
const router: RouterEntry = {
  id: "models", baseline: "a0", value_usd_micro: 0, outcome_s: 60, reward: { name: "solved", version: 1, min: 0, max: 1 },
  context: ["x", "y"].map((name) => ({ name, type: "number" as const })),
  arms: Array.from({ length: ARMS }, (_, i) => ({ id: `a${i}${i === 0 ? "" : "-".padEnd(50, "b")}`, reversible: true, reward: 0 })),
};

/** Each place once with each arm. */
async function fitted(edges: number) {
  const steps = Array.from({ length: edges }, (_, i) => i);
  const lines = steps.flatMap((x) => steps.flatMap((y) => router.arms.map((_, executed) => lineOf({ safety: false, reward: 1 / 3, context: { x, y }, arms: [executed], shares: [1], executed: 0, prices: {}, constraints: [] }))));
  const rows = join(folder, `rows-${edges}`);
  writeFileSync(rows, lines.join(""));
  const buckets = ["x", "y"].map((field) => ({ field, edges: steps }));
  const { said } = await fitJob({ kind: "fit", router: JSON.stringify(router), rows_path: rows, rows_sha256: Bun.SHA256.hash(lines.join(""), "hex"), asked: JSON.stringify({ count_min: 1, exploration: { epsilon: 0.1, floor: 0 }, buckets }) });
  return "problem" in said ? said.problem : "fitted";
}

test("a table that is too long for anybody to judge is refused where it is made", async () => {
  expect(await fitted(3)).toBe("fitted");
  expect(await fitted(14)).toMatch(/^a table of 196 cells has \d+ bytes, and a candidate at most 720896: use fewer or wider buckets/);
});
