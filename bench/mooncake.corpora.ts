/**
 * What is kept of prompts, on a public trace: 12,031 requests of a chat service as lists of 512-token blocks (Mooncake, FAST 2025, Apache-2.0;
 * github kvcache-ai/Mooncake 3b5a594, FAST25-release/traces/conversation_trace.jsonl). It is not part of this repository: it is put into the folder of
 * the corpora, and without it this item fails.
 */
import { expect } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ceiling, percent, replay, replayLru } from "../daemon/models/prefix/testing/replay.ts";
import { accepts } from "./rig/accepts.ts";

const TRACE = join(Bun.env["MAESTRO_CORPORA"] ?? join(import.meta.dir, "../../shared"), "fixtures/traces/mooncake/conversation_trace.jsonl");
const SHA256 = "b8cbb061a85206d729d91cdc2981f43c9e0d99209dce588d3af5f7934408b9df";
/** Blocks there is room for, and the share that LRU serves of them. */
const LRU: readonly (readonly [blocks: number, percent: number])[] = [[3_000, 6.5], [10_000, 21.1], [30_000, 32.6], [50_000, 35.5]];
/** Evaluating a block looks back at everything before it: at 32 blocks it takes twice as long as the first. */
const DEEPER = { cost_us: (place: number) => 1_000 * (1 + place / 32) };

function requests(): number[][] {
  const bytes = readFileSync(TRACE);
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(SHA256);
  return bytes.toString().trim().split("\n").map((line) => (JSON.parse(line) as { hash_ids: number[] }).hash_ids);
}

accepts({ name: "Mooncake", version: "3b5a594" }, "the conversation trace is served at least as well as by LRU, with equal blocks", () => {
  const asked = requests();
  expect(asked.length).toBe(12_031);
  const most = percent(ceiling(asked));
  expect(most).toBe(36.6);
  for (const [blocks, row] of LRU) {
    const [plain, ours, weighed] = [replayLru(asked, blocks), replay(asked, blocks), replay(asked, blocks, DEEPER)].map(percent);
    process.stdout.write(`| conversation | ${blocks} blocks | LRU ${plain} % | ours ${ours} % | ours, later blocks dearer ${weighed} % | ceiling ${most} % |\n`);
    // The row is what LRU makes of this very file, or the comparison is with something else.
    expect(plain).toBe(row);
    expect(ours).toBeGreaterThanOrEqual(row);
    expect(weighed).toBeGreaterThanOrEqual(row);
  }
});
