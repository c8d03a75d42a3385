/** No counterexample is shown that was not seen to break its invariant: an engine's word for it is a claim about our encoding too. */
import { createHash } from "node:crypto";
import { type Candidate, type Counterexample, counterexampleBytes, type CexEngine } from "../../proto/counterexample.ts";
import type { Finding } from "../../proto/outcome.ts";

/** The finding that says so when one does not: the fault is ours. */
export const NOT_REPRODUCED_RULE = "internal.not-reproduced";

/** Runs the real thing with what the candidate says, and looks whether the same invariant breaks. One for each engine. */
export interface Replayer {
  readonly engine: CexEngine;
  /** Throws MaestroError where it could not be tried: then the check is unavailable. */
  breaks(candidate: Candidate): Promise<boolean>;
}

export type Replayed = { readonly kind: "counterexample"; readonly counterexample: Counterexample } | { readonly kind: "not-reproduced"; readonly finding: Finding };

/** Nothing of the candidate's values gets into the finding: they broke nothing, and would be read as if they had. */
function ownFault({ engine, invariant, smt2_sha256, spec_sha256 }: Candidate): Finding {
  const from = smt2_sha256 ?? spec_sha256;
  return {
    rule: NOT_REPRODUCED_RULE,
    message: `${engine} claims a counterexample to ${invariant} that does not break it when it is replayed; this is a fault of Maestro's, please report it${from === null ? "" : ` with the text ${from}`}`,
    range: null,
    severity: "error",
    fingerprint: createHash("sha256").update(`${NOT_REPRODUCED_RULE}\0${engine}\0${invariant}`).digest("hex"),
    baseline: "not_compared",
    tags: [],
    excerpt: null,
    counterexample: null,
    fix: null,
  };
}

/** Throws what the replayer throws; a TypeError where it is another engine's. */
export async function replayed(candidate: Candidate, replayer: Replayer): Promise<Replayed> {
  if (replayer.engine !== candidate.engine) throw new TypeError(`a replayer of ${replayer.engine} for a counterexample of ${candidate.engine}`);
  const counterexample: Counterexample = { ...candidate, replay: { command: candidate.replay.command, verdict: "reproduced" } };
  // What cannot be kept cannot be shown either, so its limits are looked at before anything runs.
  counterexampleBytes(counterexample);
  return (await replayer.breaks(candidate)) ? { kind: "counterexample", counterexample } : { kind: "not-reproduced", finding: ownFault(candidate) };
}
