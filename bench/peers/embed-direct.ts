/** transformers.js called as its own pages say, for bench `embedding`: one text for each run, and 32 together. Prints seconds of each round. */
import { basename, dirname } from "node:path";
import { pathToFileURL } from "node:url";

interface Vectors {
  readonly data: Float32Array;
}
type Extract = (texts: readonly string[], options: object) => Promise<Vectors>;
interface Transformers {
  readonly env: { allowRemoteModels: boolean; useFSCache: boolean; localModelPath: string };
  readonly pipeline: (task: string, model: string, options: object) => Promise<Extract>;
}
interface Asked {
  readonly engines: string;
  readonly folder: string;
  readonly texts: readonly string[];
  readonly rounds: number;
}

const TOGETHER = 32;
const { engines, folder, texts, rounds } = (await Bun.file(process.argv[2] ?? "").json()) as Asked;
const { env, pipeline } = (await import(pathToFileURL(Bun.resolveSync("@huggingface/transformers", engines)).href)) as Transformers;
env.allowRemoteModels = false;
env.useFSCache = false;
env.localModelPath = `${dirname(folder)}/`;
const extract = await pipeline("feature-extraction", basename(folder), { dtype: "fp32", device: "cpu", subfolder: "", model_file_name: "model_quantized", session_options: { intraOpNumThreads: 1, interOpNumThreads: 1 } });
const options = { pooling: "mean", normalize: true };

async function timed(each: number): Promise<{ readonly seconds: number; readonly vectors: readonly number[] }> {
  const vectors: number[] = [];
  const began = performance.now();
  for (let at = 0; at < texts.length; at += each) vectors.push(...(await extract(texts.slice(at, at + each), options)).data);
  return { seconds: (performance.now() - began) / 1_000, vectors };
}

await timed(1);
const said = { one: [] as number[], batch: [] as number[], batch_off: 0 };
for (let round = 0; round < rounds; round++) {
  const [one, batch] = [await timed(1), await timed(TOGETHER)];
  said.one.push(one.seconds);
  said.batch.push(batch.seconds);
  said.batch_off = one.vectors.reduce((most, value, at) => Math.max(most, Math.abs(value - (batch.vectors[at] ?? Number.NaN))), said.batch_off);
}
process.stdout.write(JSON.stringify(said));
process.exit(0);
