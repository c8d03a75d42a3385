/** `maestro policy mutate`: are a policy's tests worth anything? Local; no daemon is asked. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyTo, type PolicyFolder, readPolicyFolder } from "./bundle.ts";
import { readEquivalents } from "./equivalent.ts";
import type { RunFacts } from "./faces.ts";
import { sampled } from "./mutant.ts";
import type { Opa } from "./opa.ts";
import { regoMutants } from "./rego/mutants.ts";
import { baseline, tryAll } from "./rego/run.ts";
import { type Goals, score, type Score } from "./score.ts";

const LANES = 2;

export interface MutateOptions {
  readonly goals: Goals;
  readonly time_ms_max: number;
  /** Try so many of them, chosen by the seed; all where null. */
  readonly sample: { readonly count: number; readonly seed: number } | null;
  readonly progress: (done: number, of: number) => void;
}

async function run(opa: Opa, folder: string, policy: PolicyFolder, folders: readonly string[], options: MutateOptions): Promise<{ readonly facts: RunFacts; readonly result: Score }> {
  for (const lane of folders) {
    mkdirSync(lane);
    copyTo(lane, policy);
  }
  const [first = ""] = folders;
  const declared = readEquivalents(policy.equivalents);
  const tests = await baseline(opa, policy, first);
  const all = await regoMutants(opa, policy, first);
  const { sample, time_ms_max } = options;
  const chosen = sample === null ? all : sampled(all, sample.count, sample.seed);
  const tried = await tryAll(opa, policy, folders, chosen, { time_ms_max, now_ms: () => performance.now() }, (done) => options.progress(done, chosen.length));
  const facts = { bundle: folder, tool: `opa ${opa.version}`, tests, sample: chosen.length === all.length || sample === null ? null : { of: all.length, seed: sample.seed } };
  return { facts, result: score(tried, new Set(all.map(({ id }) => id)), declared, options.goals) };
}

/** Throws `cli.usage` for a folder that is no policy with passing tests, `request.too_large` past the limits. */
export async function mutatePolicy(opa: Opa, folder: string, options: MutateOptions): Promise<{ readonly facts: RunFacts; readonly result: Score }> {
  const policy = readPolicyFolder(folder);
  const work = mkdtempSync(join(tmpdir(), "maestro-mutants-"));
  try {
    return await run(opa, folder, policy, Array.from({ length: LANES }, (_, i) => join(work, String(i))), options);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
