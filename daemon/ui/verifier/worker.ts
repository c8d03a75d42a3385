/** Reads and judges away from the page, which stays usable while 100,000 leaves are hashed. */
import { judge } from "./judge.ts";
import { INPUT_LIMITS, readInput } from "./inputs.ts";
import type { Answer } from "./answer.ts";
import type { Question, Reply } from "./protocol.ts";

/** A bug of ours or a browser without memory: nothing was verified, and that is what is said. */
function broken(cause: unknown): Omit<Answer, "took_ms"> {
  const said = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return { verdict: "failed", headline: "FAILED  this browser could not judge it, so nothing was verified", reasons: [said.slice(0, 500)], remarks: [], steps: [], files: [] };
}

/** None of them is read: which of so many was meant, nobody can tell. */
const tooMany = (count: number): Omit<Answer, "took_ms"> => ({ verdict: "waiting", headline: `NOT VERIFIED  ${count} files were given, at most ${INPUT_LIMITS.files_max} are read; start again with fewer`, reasons: [], remarks: [], steps: [], files: [] });

export async function answer({ id, files, now_ms }: Question): Promise<Reply> {
  const start = performance.now();
  const judged = files.length > INPUT_LIMITS.files_max ? tooMany(files.length) : await Promise.all(files.map(readInput)).then((inputs) => judge(inputs, new Date(now_ms)), broken).catch(broken);
  return { id, answer: { ...judged, took_ms: performance.now() - start } };
}

declare const self: { onmessage: (message: { readonly data: Question }) => void; postMessage(reply: Reply): void };

export function startWorker(): void {
  self.onmessage = ({ data }) => void answer(data).then((reply) => self.postMessage(reply));
}
