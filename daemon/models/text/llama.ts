/** The part of node-llama-cpp 3.22 that is used: it is installed by `maestro models setup` and loaded by its path, so no types of it are at hand here. */
export type Token = number & { readonly __token: never };

export interface Grammar {
  readonly grammar: string;
}

export interface SampleOptions {
  readonly temperature: number;
  readonly minP: number;
  readonly topK: number;
  readonly topP: number;
  readonly seed?: number;
  readonly grammarEvaluationState?: object;
}

export interface Next {
  readonly token?: Token | null;
  readonly logits?: ReadonlyMap<Token, number>;
}

export type Controlled = readonly [token: Token, options: { readonly generateNext: { readonly token?: boolean; readonly logits?: { readonly filter: { readonly includeTop: number } } } }];

export interface Sequence {
  readonly contextTokens: readonly Token[];
  readonly nextTokenIndex: number;
  clearHistory(): Promise<void>;
  eraseContextTokenRanges(ranges: readonly { readonly start: number; readonly end: number }[]): Promise<void>;
  evaluate(tokens: readonly Token[], options: SampleOptions & { readonly yieldEogToken: boolean }): AsyncGenerator<Token, void, undefined>;
  evaluateWithoutGeneratingNewTokens(tokens: readonly Token[]): Promise<void>;
  controlledEvaluate(input: readonly Controlled[]): Promise<readonly ({ readonly next: Next } | undefined)[]>;
  saveStateToFile(path: string): Promise<{ readonly fileSize: number }>;
  loadStateFromFile(path: string, risk: { readonly acceptRisk: true }): Promise<void>;
  dispose(): Promise<void>;
}

export interface BatchItem {
  readonly tokens: readonly Token[];
}
export interface Batched {
  readonly item: BatchItem;
  readonly processAmount: number;
}

export interface ContextOptions {
  readonly contextSize: number;
  readonly sequences: number;
  readonly batchSize: number;
  readonly flashAttention: boolean;
  readonly swaFullCache: boolean;
  readonly threads: number;
  readonly ignoreMemorySafetyChecks: boolean;
  readonly batching: { readonly itemPrioritizationStrategy: (asked: { readonly items: readonly BatchItem[]; readonly size: number }) => Batched[] };
  readonly lora?: { readonly adapters: readonly { readonly filePath: string; readonly scale: number }[] };
}

export interface Context {
  readonly contextSize: number;
  getSequence(): Sequence;
  dispose(): Promise<void>;
}

export interface Model {
  readonly trainContextSize: number;
  /** Tokens that layers with a sliding window look back; none where every layer looks at everything. */
  readonly fileInsights: { readonly swaSize?: number };
  readonly fileInfo: { readonly metadata: { readonly tokenizer?: { readonly chat_template?: unknown } } };
  readonly tokens: { readonly bos: Token | null; readonly bosString: string | null; readonly eosString: string | null; readonly shouldPrependBosToken: boolean };
  /** `trimLeadingSpace`: of a text that stands behind another, where some tokenizers would put a space. */
  tokenize(text: string, specialTokens?: boolean, options?: "trimLeadingSpace"): Token[];
  detokenize(tokens: readonly Token[], specialTokens?: boolean, lastTokens?: readonly Token[]): string;
  isEogToken(token: Token): boolean;
  createContext(options: ContextOptions): Promise<Context>;
  dispose(): Promise<void>;
}

export interface Llama {
  maxThreads: number;
  readonly gpu: string | false;
  loadModel(options: { readonly modelPath: string; readonly gpuLayers?: number; readonly ignoreMemorySafetyChecks: boolean }): Promise<Model>;
  createGrammar(options: { readonly grammar: string }): Promise<Grammar>;
  dispose(): Promise<void>;
}

interface Package {
  readonly getLlama: (options: { readonly gpu: false | "cuda" | "vulkan"; readonly build: "never"; readonly maxThreads: number; readonly logLevel: unknown; readonly progressLogs: false; readonly skipDownload: true }) => Promise<Llama>;
  readonly LlamaLogLevel: { readonly error: unknown };
  readonly LlamaGrammarEvaluationState: new (options: { readonly model: Model; readonly grammar: Grammar }) => object;
}

/** From the folder of the package and nowhere else. */
export async function loadPackage(folder: string): Promise<Package> {
  return (await import(`${folder}/dist/index.js`)) as Package;
}
export type { Package };
