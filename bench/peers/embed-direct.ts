/**
 * Peer of the bench `embedding`: transformers.js called as its own pages say. `SETTINGS.json`; then one question for each line of input, one answer
 * for each line of output.
 */
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { linesOf } from "../rig/lines.ts";

interface Vectors {
  readonly data: Float32Array;
}
type Extract = (texts: readonly string[], options: object) => Promise<Vectors>;
interface Transformers {
  readonly env: { allowRemoteModels: boolean; useFSCache: boolean; localModelPath: string };
  readonly pipeline: (task: string, model: string, options: object) => Promise<Extract>;
}
interface Settings {
  readonly engines: string;
  readonly folder: string;
}

export interface EmbedAsked {
  readonly texts: readonly string[];
  /** So many texts in one run. */
  readonly each: number;
}
export interface EmbedSaid {
  readonly seconds: number;
  readonly vectors: readonly (readonly number[])[];
}

const { engines, folder } = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Settings;
const { env, pipeline } = (await import(pathToFileURL(Bun.resolveSync("@huggingface/transformers", engines)).href)) as Transformers;
env.allowRemoteModels = false;
env.useFSCache = false;
env.localModelPath = `${dirname(folder)}/`;
const extract = await pipeline("feature-extraction", basename(folder), { dtype: "fp32", device: "cpu", subfolder: "", model_file_name: "model_quantized", session_options: { intraOpNumThreads: 1, interOpNumThreads: 1 } });

for await (const line of linesOf(Bun.stdin.stream())) {
  const { texts, each } = JSON.parse(line) as EmbedAsked;
  const vectors: number[][] = [];
  const began = performance.now();
  for (let at = 0; at < texts.length; at += each) {
    const some = texts.slice(at, at + each);
    const { data } = await extract(some, { pooling: "mean", normalize: true });
    const dimensions = data.length / some.length;
    for (let i = 0; i < some.length; i++) vectors.push([...data.subarray(i * dimensions, (i + 1) * dimensions)]);
  }
  process.stdout.write(`${JSON.stringify({ seconds: (performance.now() - began) / 1_000, vectors } satisfies EmbedSaid)}\n`);
}
process.exit(0);
