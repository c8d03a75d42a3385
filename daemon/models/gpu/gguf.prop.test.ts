/** Heads of model files, honest and not, and what fits where. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { MaestroError } from "../../../proto/errors.ts";
import { readGguf } from "./gguf.ts";
import { fit, layersOf, needOf } from "./fit.ts";
import { type ModelShape, shapeOf } from "./shape.ts";
import { ggufFile, type GgufParts, TINY } from "./testing/gguf-file.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-gguf-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function read(bytes: Uint8Array): ModelShape {
  const path = join(dir, "model.gguf");
  writeFileSync(path, bytes);
  return shapeOf(readGguf(path));
}
const values = (more: GgufParts["values"]) => ({ values: { ...TINY.values, ...more } });
function refusal(bytes: Uint8Array): string {
  try {
    read(bytes);
  } catch (error) {
    if (error instanceof MaestroError && error.code === "models.load") return error.detail;
    throw error;
  }
  return "none";
}

describe("a model's shape", () => {
  test("weights layer by layer from where the tensors lie, keys and values from the heads", () => {
    expect(read(ggufFile())).toEqual({
      architecture: "llama",
      layers: [1, 2, 3, 4].map((nth) => ({ bytes: 1_024 * nth, kept: 2 * (16 + 16) * 2 })),
      input_bytes: 4_096,
      output_bytes: 8_192 + 256,
      shared_bytes: 0,
      context_tokens: 2_048,
      embedding: 64,
      heads: 4,
      vocabulary: 3,
    });
  });

  test("without an output of its own the input's is copied; heads may differ by layer; a long list is stepped over", () => {
    const { "output.weight": _, ...tied } = TINY.tensors;
    const shape = read(ggufFile({ ...values({ "llama.attention.head_count_kv": [1, 2, 3, 0], "llama.attention.key_length": 8, "llama.attention.value_length": 8, "tokenizer.ggml.tokens": Array.from({ length: 70_000 }, (_item, nth) => `word-${nth}`) }), tensors: tied }));
    expect([shape.output_bytes, shape.shared_bytes, shape.vocabulary]).toEqual([4_096 + 256, 4_096, 70_000]);
    expect(shape.layers.map(({ kept }) => kept)).toEqual([32, 64, 96, 0]);
  });

  test("what does not say how large it is fits nowhere by guess", () => {
    for (const [bytes, words] of [
      [Buffer.from("GGML"), "does not begin with GGUF"],
      [Buffer.alloc(0), "ends inside its head"],
      [ggufFile().subarray(0, 200), "ends inside its head"],
      [ggufFile(values({ "llama.block_count": 3 })), "a tensor of layer 3"],
      [ggufFile(values({ "llama.block_count": 0 })), "0 layers"],
      [ggufFile(values({ "llama.block_count": 0xffffffff })), "block_count"],
      [ggufFile(values({ "llama.attention.head_count": 0 })), "without attention"],
      [ggufFile(values({ "llama.attention.head_count_kv": [1, 2] })), "head_count_kv"],
      [ggufFile(values({ "general.architecture": "a b" })), "general.architecture"],
      [ggufFile(values({ "split.count": 3 })), "one part of several"],
      [ggufFile(values({ "general.alignment": 0 })), "alignment"],
    ] as const) expect(refusal(bytes)).toContain(words);
  });

  test("attack: counts and lengths that no file has set nothing aside and are refused", () => {
    const lying = (at: number, count: bigint): string => {
      const bytes = ggufFile();
      bytes.writeBigUInt64LE(count, at);
      return refusal(bytes);
    };
    const before = process.memoryUsage.rss();
    for (const count of [2n ** 64n - 1n, 2n ** 53n, 2n ** 32n, 2n ** 31n]) {
      expect(lying(8, count)).toContain("tensors");
      expect(lying(16, count)).toContain("keys");
      expect(lying(24, count)).toContain("bytes of a key");
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1024 * 1024);
  });

  test("attack: any bytes, and any few bytes changed, are a shape or a refusal, never another failure", () => {
    const honest = ggufFile();
    const outcome = (bytes: Uint8Array): boolean => refusal(bytes).length > 0;
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (tail) => expect(outcome(Buffer.concat([honest.subarray(0, 24), tail]))).toBe(true)), { numRuns: 300 });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(honest.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), fc.nat(honest.length), (changes, end) => {
        const bytes = Buffer.from(honest);
        for (const [at, byte] of changes) bytes[at] = byte;
        expect(outcome(bytes)).toBe(true);
        expect(outcome(bytes.subarray(0, end))).toBe(true);
      }),
      { numRuns: 700 },
    );
  });
});

const size = fc.nat(4_000_000_000);
const shapes: fc.Arbitrary<ModelShape> = fc.record({ architecture: fc.constant("llama"), layers: fc.array(fc.record({ bytes: fc.nat(500_000_000), kept: fc.nat(8_192) }), { minLength: 1, maxLength: 40 }), input_bytes: fc.nat(1_000_000_000), output_bytes: fc.nat(1_000_000_000), shared_bytes: fc.constant(0), context_tokens: fc.integer({ min: 1, max: 131_072 }), embedding: fc.integer({ min: 1, max: 8_192 }), heads: fc.integer({ min: 1, max: 64 }), vocabulary: fc.nat(262_144) });
const wishes = fc.record({ context_tokens: fc.integer({ min: 64, max: 65_536 }), context_min: fc.integer({ min: 64, max: 2_048 }), sequences: fc.integer({ min: 1, max: 8 }) });
const rooms = fc.record({ vram_bytes: size, ram_bytes: size.map((bytes) => bytes * 4) });

describe("what fits", () => {
  test("never more than there is, in either memory, and no longer context than wished or made for", () => {
    fc.assert(fc.property(shapes, wishes, rooms, (shape, wish, room) => {
      const found = fit(shape, wish, room);
      if (found === null) {
        const shortest = Math.min(wish.context_tokens, wish.context_min, shape.context_tokens);
        for (let layers = 0; layers <= layersOf(shape); layers++) {
          const need = needOf(shape, layers, shortest, wish.sequences);
          expect(need.vram_bytes > room.vram_bytes || need.ram_bytes > room.ram_bytes).toBe(true);
        }
        return;
      }
      expect(found).toMatchObject(needOf(shape, found.layers, found.context_tokens, wish.sequences));
      expect(found.vram_bytes).toBeLessThanOrEqual(room.vram_bytes);
      expect(found.ram_bytes).toBeLessThanOrEqual(room.ram_bytes);
      expect(found.context_tokens).toBeLessThanOrEqual(Math.min(wish.context_tokens, shape.context_tokens));
      expect(found.layers).toBeLessThanOrEqual(layersOf(shape));
      // One layer more would not have fitted beside that context.
      if (found.layers < layersOf(shape)) expect(needOf(shape, found.layers + 1, found.context_tokens, wish.sequences).vram_bytes).toBeGreaterThan(room.vram_bytes);
    }), { numRuns: 1_000 });
  });

  test("more room is never worse: a longer context, or as long a one with as many layers", () => {
    fc.assert(fc.property(shapes, wishes, rooms, size, size, (shape, wish, room, more, here) => {
      const [small, large] = [fit(shape, wish, room), fit(shape, wish, { vram_bytes: room.vram_bytes + more, ram_bytes: room.ram_bytes + here })];
      if (small === null) return;
      expect(large).not.toBeNull();
      expect(large!.context_tokens > small.context_tokens || (large!.context_tokens === small.context_tokens && large!.layers >= small.layers)).toBe(true);
    }), { numRuns: 1_000 });
  });

  test("each layer more takes more of the GPU and no more of the rest; without a GPU there is none", () => {
    fc.assert(fc.property(shapes, wishes, (shape, { context_tokens, sequences }) => {
      const needs = Array.from({ length: layersOf(shape) + 1 }, (_, layers) => needOf(shape, layers, context_tokens, sequences));
      for (const [nth, need] of needs.entries()) {
        if (nth > 1) expect(need.vram_bytes).toBeGreaterThanOrEqual(needs[nth - 1]!.vram_bytes);
        if (nth > 0) expect(need.ram_bytes).toBeLessThanOrEqual(needs[nth - 1]!.ram_bytes);
      }
    }), { numRuns: 300 });
    const shape = read(ggufFile());
    expect(fit(shape, { context_tokens: 2_048, context_min: 64, sequences: 1 }, { vram_bytes: 0, ram_bytes: 1e12 })).toMatchObject({ layers: 0, vram_bytes: 0, context_tokens: 2_048 });
    expect(fit(shape, { context_tokens: 2_048, context_min: 64, sequences: 1 }, { vram_bytes: 1e12, ram_bytes: 1_000 })).toBeNull();
  });
});
