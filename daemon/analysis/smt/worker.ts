/**
 * Z3 as WebAssembly in a process of its own: it keeps threads, its heap only grows, and past two gigabytes it ends in an
 * error nobody can catch or hangs (seen with 5.2.0). The parent recycles and kills it; see wasm.ts.
 */
import { serve } from "../../platform/process/child.ts";
import { jobOf } from "./wire.ts";

async function load() {
  try {
    const { init } = await import("z3-solver");
    return (await init()).Z3;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") return null;
    throw error;
  }
}

const Z3 = await load();

/** A context for each question, so that nothing of one is left for the next: 400 of them kept the heap as it was. */
async function ask(question: string, values: string | null, deadline_ms: number): Promise<string | null> {
  if (Z3 === null) return null;
  const config = Z3.mk_config();
  const context = Z3.mk_context(config);
  Z3.del_config(config);
  try {
    const answer = await Z3.eval_smtlib2_string(context, `(set-option :timeout ${deadline_ms})\n${question}`);
    return values !== null && answer.trim() === "sat" ? `${answer}${await Z3.eval_smtlib2_string(context, values)}` : answer;
  } finally {
    Z3.del_context(context);
  }
}

await serve({
  validate: jobOf,
  handle: async (job) => ({ said: job.kind === "ask" ? await ask(job.question, job.values, job.deadline_ms) : (Z3?.get_full_version() ?? null) }),
});
