/** Which requests have one answer alone, and under what digest it is kept. Pure. */
import { createHash } from "node:crypto";
import { canonicalNumbers } from "../../../proto/canonical.ts";
import type { GenerateJob } from "../../../proto/model-work.ts";

/** Counts up with every change of what the digest is over. */
const KEY_VERSION = 1;

/**
 * Hex SHA-256 of everything that the answer hangs on, tenant and task among it; null where it may not be given again:
 * above temperature 0 another run may say something else, and an adapter is known by its name alone here, not by its bytes.
 */
export function answerKey(job: GenerateJob, model_digest: string, engine: string): string | null {
  if (job.temperature !== 0 || (job.adapters?.length ?? 0) > 0) return null;
  // What picks among tokens does nothing at temperature 0, and who waits first changes no text.
  const { space, temperature: _t, top_p: _p, top_k: _k, min_p: _m, seed: _s, priority: _o, speculate: _l, adapters: _a, model: _n, ...asked } = job;
  const said = { ...asked, space: { tenant: space.tenant, task: space.task, salt: space.salt ?? "" }, model_digest, engine, version: KEY_VERSION };
  return createHash("sha256").update(wellFormed(said)).digest("hex");
}

/** Lone surrogates have no canonical form; two texts must not become one. */
function wellFormed(said: object): string {
  const text = JSON.stringify(said);
  return text.isWellFormed() && !/\\ud[89a-f][0-9a-f]{2}/i.test(text) ? canonicalNumbers(said) : `lone\u0000${text}`;
}
