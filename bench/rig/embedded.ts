/** Embedding model, engines and Python's onnxruntime, for the acceptance items and the bench. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { InferenceLimits, WorkerLimits } from "../../proto/limits.ts";
import type { OpenModel } from "../../daemon/models/library/open-model.ts";
import { createEmbedder, type Embedder } from "../../daemon/models/embedding/index.ts";
import { output } from "./accepts.ts";
import { pythonPackage } from "./built.ts";

const ROOT = join(import.meta.dir, "../..");
const PEER = join(import.meta.dir, "../peers/embedcheck.py");
const MEMORY_BYTES = 2 * 1024 ** 3;

export const ENGINE_LIMITS = { ...Value.Create(InferenceLimits), ...Value.Create(WorkerLimits), memory_bytes_max: MEMORY_BYTES };

export const embedderOf = (model: OpenModel, engine_folder: string, threads = 1): Embedder => createEmbedder({ model: () => model, engine_folder, limits: ENGINE_LIMITS, threads: () => threads });

/** Lines of this repository's own code, `count` of them, spread over all of it; the same in each run of one commit. */
export function codeLines(count: number): string[] {
  const seen = new Set<string>();
  for (const path of [...new Bun.Glob("{daemon,kernels,proto}/**/*.ts").scanSync(ROOT)].sort()) {
    for (const line of readFileSync(join(ROOT, path), "utf8").split("\n")) {
      const text = line.trim();
      if (text.length >= 24 && text.length <= 160 && !text.startsWith("import")) seen.add(text);
    }
  }
  const all = [...seen];
  return Array.from({ length: count }, (_, place) => all[Math.floor((place * all.length) / count)] ?? "");
}

export interface PythonVectors {
  readonly vectors: readonly Float32Array[];
  /** Of each round over all texts. */
  readonly seconds: readonly number[];
}

/** The same model by Python's onnxruntime and tokenizers, one text after the other. */
export async function pythonVectors(model: OpenModel, texts: readonly string[], rounds = 0, threads = 1): Promise<PythonVectors> {
  const packages = [await pythonPackage("onnxruntime", "1.32.0", "onnxruntime"), await pythonPackage("tokenizers", "0.23.3", "tokenizers")];
  const folder = mkdtempSync(join(tmpdir(), "maestro-embedcheck-"));
  try {
    writeFileSync(join(folder, "asked.json"), JSON.stringify({ texts, rounds, threads }));
    const env = { PYTHONPATH: packages.map((one) => one.path()).join(":"), PYTHONDONTWRITEBYTECODE: "1" };
    const said = JSON.parse(await output(["python3", PEER, join(model.folder, "model_quantized.onnx"), join(model.folder, "tokenizer.json"), join(folder, "asked.json")], { env, timeout_ms: 600_000 })) as { readonly vectors: string; readonly seconds: readonly number[] };
    const all = new Float32Array(Uint8Array.fromBase64(said.vectors).buffer);
    const each = all.length / texts.length;
    return { vectors: texts.map((_, place) => all.slice(place * each, (place + 1) * each)), seconds: said.seconds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
