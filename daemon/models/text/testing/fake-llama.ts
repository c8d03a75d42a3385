/** An engine folder with a package in node-llama-cpp's place: a token is a letter, and what follows hangs on all before it. It dies of a `☠`, and after a `⌛` it takes its time. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const CODE = `
import { readFileSync, writeFileSync } from "node:fs";
export const LlamaLogLevel = { error: "error" };
export class LlamaGrammarEvaluationState {}
const tick = () => new Promise((resolve) => setImmediate(resolve));
const after = (tokens) => 97 + tokens.reduce((sum, token) => (sum * 31 + token) % 1_000_003, 7) % 26;
class Sequence {
  contextTokens = [];
  get nextTokenIndex() { return this.contextTokens.length; }
  async clearHistory() { this.contextTokens = []; }
  async eraseContextTokenRanges([{ start, end }]) { this.contextTokens = [...this.contextTokens.slice(0, start), ...this.contextTokens.slice(end)]; }
  async evaluateWithoutGeneratingNewTokens(tokens) {
    await tick();
    if (tokens.includes(0x2620)) process.kill(process.pid, "SIGKILL");
    this.contextTokens = [...this.contextTokens, ...tokens];
    if (this.contextTokens.includes(0x231b)) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  async *evaluate(tokens) {
    for (let next = tokens; ;) {
      await this.evaluateWithoutGeneratingNewTokens(next);
      next = [after(this.contextTokens)];
      yield next[0];
    }
  }
  async controlledEvaluate(input) {
    return input.map(([token]) => (this.contextTokens = [...this.contextTokens, token], { next: { token: after(this.contextTokens), logits: new Map([[after(this.contextTokens), 1]]) } }));
  }
  async saveStateToFile(path) { writeFileSync(path, JSON.stringify(this.contextTokens)); return { fileSize: JSON.stringify(this.contextTokens).length }; }
  async loadStateFromFile(path) { this.contextTokens = JSON.parse(readFileSync(path, "utf8")); }
  async dispose() {}
}
const model = {
  trainContextSize: 1_000_000,
  fileInsights: {},
  tokens: { bos: null, shouldPrependBosToken: false },
  tokenize: (text) => [...text].map((letter) => letter.codePointAt(0)),
  detokenize: (tokens) => String.fromCodePoint(...tokens),
  isEogToken: () => false,
  createContext: async ({ contextSize }) => ({ contextSize, getSequence: () => new Sequence(), dispose: async () => {} }),
  dispose: async () => {},
};
export const getLlama = async ({ gpu }) => ({ maxThreads: 1, gpu, loadModel: async () => model, createGrammar: async () => ({}), dispose: async () => {} });
`;

/** The folder of the package. */
export function fakeLlama(folder: string): string {
  const at = join(folder, "node-llama-cpp");
  mkdirSync(join(at, "dist"), { recursive: true });
  writeFileSync(join(at, "package.json"), JSON.stringify({ name: "node-llama-cpp", version: "0.0.0", type: "module" }));
  writeFileSync(join(at, "dist/index.js"), CODE);
  return at;
}
