/** What is used of transformers.js, which lies in the engine folder and in no `node_modules` of ours; whoever imports it takes its word for the shape. */
import { basename, dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { MaestroError } from "../../../proto/errors.ts";

interface Tensor {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
}

/** One row of numbers, one for each word piece. */
interface TokenTensor {
  readonly dims: readonly number[];
  readonly data: BigInt64Array;
}
type Tokens = Readonly<Record<string, TokenTensor>> & { readonly input_ids: TokenTensor };

type Tokenizer = (text: string, options: { readonly truncation: false }) => Tokens;

interface Model {
  (tokens: Tokens): Promise<Readonly<Record<string, Tensor>>>;
  dispose(): Promise<unknown>;
}

interface Environment {
  version: string;
  allowRemoteModels: boolean;
  allowLocalModels: boolean;
  useFSCache: boolean;
  useBrowserCache: boolean;
  localModelPath: string;
  fetch: () => Promise<never>;
}

interface Package {
  readonly env: Environment;
  readonly AutoTokenizer: { from_pretrained(id: string): Promise<Tokenizer> };
  readonly Tensor: new (type: "int64", data: BigInt64Array, dims: readonly number[]) => TokenTensor;
  readonly AutoModel: { from_pretrained(id: string, options: object): Promise<Model> };
}

const NAME = "@huggingface/transformers";

/** Throws `models.missing`. */
async function packageIn(engine_folder: string): Promise<Package> {
  let path: string;
  try {
    path = Bun.resolveSync(NAME, engine_folder);
  } catch (cause) {
    throw new MaestroError("models.missing", `${NAME} is not installed in the engine folder; run maestro models setup`, { cause });
  }
  return (await import(pathToFileURL(path).href)) as Package;
}

interface Cut {
  readonly tokens: Tokens;
  readonly count: number;
  /** The end of the text is not among them. */
  readonly truncated: boolean;
}

export interface Loaded {
  readonly engine: string;
  /** At most so many word pieces: the first of them, and the one that ends every text. */
  readonly tokens: (text: string, tokens_max: number) => Cut;
  readonly model: Model;
}

/** Nothing is asked of a network: the package is told so, and the function it would ask with throws. */
export async function loadModel(engine_folder: string, model_folder: string, weights: string, threads: number): Promise<Loaded> {
  const { env, AutoTokenizer, AutoModel, Tensor } = await packageIn(engine_folder);
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.useFSCache = false;
  env.useBrowserCache = false;
  env.localModelPath = `${dirname(model_folder)}/`;
  env.fetch = () => Promise.reject(new Error("the embedding process has no network"));
  const id = basename(model_folder);
  const tokenizer = await AutoTokenizer.from_pretrained(id);
  const session_options = { intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: "sequential" };
  // `dtype` picks a suffix of the file name, and fp32 has none: the file is named whole.
  const model = await AutoModel.from_pretrained(id, { device: "cpu", dtype: "fp32", subfolder: "", model_file_name: weights.replace(/\.onnx$/, ""), local_files_only: true, session_options });
  // The package's own truncation drops the word piece that ends a text: vectors of long texts were off by 0.014 (4.3.1).
  const cut = (data: BigInt64Array, tokens_max: number): BigInt64Array => BigInt64Array.from([...data.subarray(0, tokens_max - 1), ...data.subarray(-1)]);
  return {
    engine: `transformers.js ${env.version}`,
    tokens(text, tokens_max) {
      const whole = tokenizer(text, { truncation: false });
      const count = whole.input_ids.data.length;
      if (count <= tokens_max) return { tokens: whole, count, truncated: false };
      const entries = Object.entries(whole).map(([name, { data }]) => [name, new Tensor("int64", cut(data, tokens_max), [1, tokens_max])] as const);
      return { tokens: Object.fromEntries(entries) as Tokens, count: tokens_max, truncated: true };
    },
    model,
  };
}
