/** SLSA provenance that a node signed for a build it ran itself. Pure, as everything here. */
import { SigstoreBundle } from "../../proto/attestation.ts";
import { PROVENANCE_PREDICATE } from "../../proto/build.ts";
import type { Mode } from "../../proto/change.ts";
import { builderId, ProvenanceStatement, SOURCE_NAME } from "../../proto/predicates/provenance.ts";
import type { VerifyReason, WitnessVerification } from "../../proto/verification.ts";
import { BUNDLE_LIMITS, CLOCK_SKEW_S_MAX, STATEMENT_LIMITS } from "./limits.ts";
import { checkCheckpoint, proveEntry } from "./log-entry.ts";
import { readDocument } from "./schema.ts";
import { checkSignature, openEnvelope } from "./statement.ts";
import { pass, stop, type Step } from "./step.ts";
import { timestampSeconds } from "./time.ts";
import { entriesOf, logOf, permits, type Trust } from "./trust.ts";
import { judgeWitnesses, type WitnessAsk } from "./witnesses.ts";

export interface VerifiedProvenance {
  readonly result: "verified";
  readonly statement: ProvenanceStatement;
  /** Name of the subject with the wanted digest; null where none was wanted. */
  readonly artifact: string | null;
  readonly signer: string;
  readonly self_made: boolean;
  /** See `slsaBuildLevel`. */
  readonly level: 1 | 2;
  readonly log: { readonly origin: string; readonly index: number; readonly size: number };
  /** null where the trust file knows no witness. */
  readonly witnesses: WitnessVerification | null;
}

export type ProvenanceVerification = VerifiedProvenance | { readonly result: "failed" | "unknown_signer"; readonly reason: VerifyReason };

/**
 * The SLSA build level (v1.1, "Build levels") that provenance of ours may be credited with. A key that the node made for itself, or one
 * that the person who builds can read, authenticates nobody: level 1. Level 2 wants the operator's word on the key and a host that is
 * not the requester's. Level 3 is claimed for no mode; docs/build.md says what is missing.
 */
const slsaBuildLevel = (mode: Mode, self_made: boolean): 1 | 2 => (mode === "local" || self_made ? 1 : 2);

interface Timed {
  readonly statement: ProvenanceStatement;
  readonly finished_s: number;
}

/** What the statement says of itself in two places it says once. */
function checkStatement(statement: ProvenanceStatement): Step<Timed> {
  const { subject, predicate: { buildDefinition: { externalParameters, internalParameters, resolvedDependencies }, runDetails: { metadata } } } = statement;
  if (new Set(subject.map(({ name }) => name)).size !== subject.length) return stop("statement.subject", "two subjects have one name");
  const sources = resolvedDependencies.filter(({ name }) => name === SOURCE_NAME);
  if (sources.length !== 1 || sources[0]?.digest?.["gitCommit"] !== externalParameters.commit) return stop("statement.identity", "the source that was resolved is not the commit that was asked for");
  const { configuration } = internalParameters;
  if ((externalParameters.recipe_ref ?? configuration.ref) !== configuration.ref) return stop("statement.identity", "the recipe is of another branch than the one that was asked for");
  const started_s = timestampSeconds(metadata.startedOn);
  const finished_s = timestampSeconds(metadata.finishedOn);
  if (started_s === null || finished_s === null || started_s > finished_s) return stop("statement.time", "startedOn and finishedOn are not a span of time");
  return pass({ statement, finished_s });
}

function checkTrust(bundle: SigstoreBundle, trust: Trust, ask: WitnessAsk): Step<Omit<VerifiedProvenance, "artifact"> & { readonly finished_s: number }> {
  const envelope = openEnvelope(bundle);
  if (!envelope.ok) return envelope;
  const document = readDocument(ProvenanceStatement, envelope.value.payload, STATEMENT_LIMITS);
  if ("because" in document) return stop("statement.malformed", document.because);
  const checked = checkStatement(document.value);
  if (!checked.ok) return checked;
  const { statement, finished_s } = checked.value;
  const [tlog] = bundle.verificationMaterial.tlogEntries;
  const proven = tlog === undefined ? stop("log.entry", "no log entry") : proveEntry(tlog, envelope.value.entry);
  if (!proven.ok) return proven;
  const signature = checkSignature(envelope.value);
  if (!signature.ok) return signature;
  const { buildDefinition: { externalParameters, internalParameters: { mode } }, runDetails } = statement.predicate;
  const { fingerprint } = envelope.value.key;
  const lines = entriesOf(trust, fingerprint);
  if (lines.length === 0) return stop("signer.unknown", `${fingerprint} is not in the trust file`);
  const use = { repo_id: externalParameters.repository, mode, issued_at_s: finished_s };
  const gate = permits(lines, { role: "gate", predicate_type: PROVENANCE_PREDICATE, ...use });
  if (!gate.ok) return gate;
  const log = logOf(trust, proven.value.log_id);
  if (log === null) return stop("log.unknown", `the log of ${proven.value.checkpoint.origin} is not in the trust file`);
  const checkpoint = checkCheckpoint(proven.value, log.key, trust.witnesses.keys);
  if (!checkpoint.ok) return checkpoint;
  const logged = permits(log.lines, { role: "log", predicate_type: null, ...use });
  if (!logged.ok) return stop("log.key", logged.reason.detail);
  if (runDetails.builder.id !== builderId(trust.trust_domain, mode)) return stop("signer.domain", `the builder ${runDetails.builder.id} is not the one of ${trust.trust_domain} in mode ${mode}`);
  const witnesses = judgeWitnesses(checkpoint.value, trust.witnesses, ask);
  if (!witnesses.ok) return witnesses;
  const { checkpoint: { origin, size }, index } = proven.value;
  return pass({ result: "verified", statement, signer: fingerprint, self_made: trust.self_made, level: slsaBuildLevel(mode, trust.self_made), log: { origin, index, size }, witnesses: witnesses.value, finished_s });
}

export interface ProvenanceOptions {
  /** Must be among the subjects; null asks for the provenance alone. */
  readonly artifact_sha256: string | null;
  readonly now: Date;
  /** For whoever looks before the witnesses can have answered. */
  readonly witnesses?: "later";
}

/** Never throws on any input. */
export function verifyProvenance(bytes: Uint8Array, trust: Trust, { artifact_sha256, now, witnesses }: ProvenanceOptions): ProvenanceVerification {
  const now_s = now.getTime() / 1000;
  const document = readDocument(SigstoreBundle, bytes, BUNDLE_LIMITS);
  const step = "because" in document ? stop("bundle.malformed", document.because) : checkTrust(document.value, trust, { now_s, later: witnesses === "later" });
  if (!step.ok) return { result: step.reason.code === "signer.unknown" || step.reason.code === "log.unknown" ? "unknown_signer" : "failed", reason: step.reason };
  const { finished_s, ...verified } = step.value;
  // Written this way round, a clock that is not a number refuses too.
  if (!(finished_s <= now_s + CLOCK_SKEW_S_MAX)) return { result: "failed", reason: { code: "statement.time", detail: "finished after the verifier's own time; check the clock" } };
  if (artifact_sha256 === null) return { ...verified, artifact: null };
  const found = verified.statement.subject.find(({ digest }) => digest.sha256 === artifact_sha256);
  if (found === undefined) return { result: "failed", reason: { code: "statement.subject", detail: `sha256 ${artifact_sha256} is none of its subjects: ${verified.statement.subject.map(({ name }) => name).join(", ")}`.slice(0, 2000) } };
  return { ...verified, artifact: found.name };
}
