/** An engine folder with a package in transformers.js's place, and a model for it: states come of the letters, and it is broken where it is told to be. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EmbeddingFiles } from "../index.ts";

/** Of a text: `nan` has no number in it, `die` ends the process, `wide` has states of other dimensions. */
const CODE = `
export const env = { version: "0.0.0" };
export class Tensor { constructor(type, data, dims) { Object.assign(this, { type, data, dims }); } }
const texts = new WeakMap();
export const AutoTokenizer = { async from_pretrained() {
  return (text) => {
    const data = BigInt64Array.from([101, ...[...text].map((letter) => letter.codePointAt(0) % 1000), 102], BigInt);
    const tokens = { input_ids: new Tensor("int64", data, [1, data.length]) };
    texts.set(tokens, text);
    return tokens;
  };
} };
let runs = 0;
export const AutoModel = { async from_pretrained(id, { model_file_name }) {
  if (env.allowRemoteModels !== false) throw new Error("may ask a network");
  if (!["weights", "model_quantized"].includes(model_file_name)) throw new Error("no such file");
  const model = async (tokens) => {
    const text = texts.get(tokens) ?? "";
    if (text === "die") process.kill(process.pid, "SIGKILL");
    const size = text === "wide" ? 5 : 4;
    const ids = [...tokens.input_ids.data].map(Number);
    const drift = globalThis.FAKE_DRIFT ? ++runs : 0;
    const value = (id, i) => text === "nan" ? NaN : Math.sin(id * (i + 1)) + drift;
    return { last_hidden_state: { dims: [1, ids.length, size], data: Float32Array.from(ids.flatMap((id) => Array.from({ length: size }, (_, i) => value(id, i)))) } };
  };
  model.dispose = async () => undefined;
  return model;
} };
`;

export function fakeTransformers(folder: string, before = ""): string {
  const at = join(folder, `engine${before === "" ? "" : "-broken"}`);
  const made = join(at, "node_modules/@huggingface/transformers");
  mkdirSync(made, { recursive: true });
  writeFileSync(join(made, "package.json"), JSON.stringify({ name: "@huggingface/transformers", version: "0.0.0", type: "module", exports: "./index.js" }));
  writeFileSync(join(made, "index.js"), `${before}\n${CODE}`);
  return at;
}

/** Ten word pieces, four dimensions, at most twelve pieces of one text. */
export function fakeModel(folder: string, files: { readonly words?: number; readonly hidden_size?: number; readonly tokenizer?: string } = {}): EmbeddingFiles {
  const at = join(folder, "model");
  const { words = 10, hidden_size = 4 } = files;
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, "config.json"), JSON.stringify({ model_type: "bert", hidden_size, vocab_size: 10 }));
  writeFileSync(join(at, "tokenizer.json"), files.tokenizer ?? JSON.stringify({ model: { vocab: Object.fromEntries(Array.from({ length: words }, (_, id) => [`w${id}`, id])) } }));
  writeFileSync(join(at, "weights.onnx"), "weights");
  return { name: "fake", digest: "d".repeat(64), folder: at, files: { weights: join(at, "weights.onnx") }, context_tokens: 12, dimensions: 4 };
}
