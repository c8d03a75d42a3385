/**
 * Z3 as WebAssembly in a process of its own: it keeps threads, its heap only grows, and past two gigabytes it ends in an
 * error nobody can catch or hangs (seen with 5.2.0). The parent recycles and kills it; see wasm.ts.
 */
import { serve } from "../../platform/process/child.ts";
import { jobOf } from "./wire.ts";

type Loaded = Awaited<ReturnType<typeof import("z3-solver").init>>;

/** What is used of the module beneath the package's own functions. */
interface Memory {
  readonly HEAPU32: Uint32Array;
  _malloc(bytes: number): number;
  _free(address: number): void;
  _async_Z3_eval_smtlib2_string(context: unknown, text: number): void;
  async_call(work: () => void): Promise<string>;
}

async function load(): Promise<{ readonly z3: Loaded["Z3"]; readonly memory: Memory } | null> {
  try {
    const { init } = await import("z3-solver");
    const { Z3: z3, em } = await init();
    return { z3, memory: em };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") return null;
    throw error;
  }
}

const loaded = await load();

/**
 * The package's own function lays the text on the stack and gives that up before the thread has read it: one question in some
 * fifty was asked in garbled words, which may be another question (seen with 5.2.0). So the text lies on the heap until the answer.
 */
async function evaluate(memory: Memory, context: unknown, text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  const address = memory._malloc(bytes.length + 1);
  if (address === 0) throw new Error("no memory for the question");
  try {
    const heap = new Uint8Array(memory.HEAPU32.buffer);
    heap.set(bytes, address);
    heap[address + bytes.length] = 0;
    return await memory.async_call(() => memory._async_Z3_eval_smtlib2_string(context, address));
  } finally {
    memory._free(address);
  }
}

/** A context for each question, so that nothing of one is left for the next: 400 of them kept the heap as it was. */
async function ask(question: string, values: string | null, deadline_ms: number): Promise<string | null> {
  if (loaded === null) return null;
  const { z3, memory } = loaded;
  const config = z3.mk_config();
  const context = z3.mk_context(config);
  z3.del_config(config);
  try {
    const answer = await evaluate(memory, context, `(set-option :timeout ${deadline_ms})\n${question}`);
    return values !== null && answer.trim() === "sat" ? `${answer}${await evaluate(memory, context, values)}` : answer;
  } finally {
    z3.del_context(context);
  }
}

await serve({
  validate: jobOf,
  handle: async (job) => ({ said: job.kind === "ask" ? await ask(job.question, job.values, job.deadline_ms) : (loaded?.z3.get_full_version() ?? null) }),
});
