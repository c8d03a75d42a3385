/** One bundle, from its bytes to a verdict. Nothing here opens a connection or looks for a trusted root by itself. */
import { verifySigstore } from "../../verifier/sigstore.ts";
import type { SigstoreVerdict } from "../../../proto/sigstore.ts";
import { openArtifact, type Artifact } from "./artifact.ts";
import { judgeCertified, type Wanted } from "./certified.ts";
import { Refusal } from "./refusal.ts";

export interface Question {
  readonly bundle: Uint8Array;
  /** Null is for a bundle with a key alone: its log is then not judged, and that is said. */
  readonly trusted_root: Uint8Array | null;
  readonly file_or_digest: string;
  /** Whose signature it must be. */
  readonly wanted: { readonly key: Uint8Array } | Wanted;
  readonly predicate_type: string | null;
  readonly now: Date;
}

export async function judge(question: Question): Promise<SigstoreVerdict> {
  try {
    const verdict = await judged(question, await openArtifact(question.file_or_digest));
    if (verdict.result !== "verified" || question.predicate_type === null || verdict.predicate_type === question.predicate_type) return verdict;
    return { result: "failed", code: "signer.predicate", detail: `the predicate is ${verdict.predicate_type ?? "none"}, not ${question.predicate_type}` };
  } catch (error) {
    if (error instanceof Refusal) return { result: "failed", code: error.code, detail: error.detail };
    throw error;
  }
}

function judged({ bundle, trusted_root, wanted, now }: Question, artifact: Artifact): Promise<SigstoreVerdict> | SigstoreVerdict {
  if ("key" in wanted) return judgeKey(bundle, wanted.key, trusted_root, artifact, now);
  if (trusted_root === null) throw new Refusal("trust.malformed", "a certificate needs a trusted root to stand on: give it with --trusted-root");
  return judgeCertified(bundle, trusted_root, artifact, wanted);
}

/** By the pure verifier, which the page runs too. */
function judgeKey(bundle: Uint8Array, key_pem: Uint8Array, trusted_root: Uint8Array | null, { sha256 }: Artifact, now: Date): SigstoreVerdict {
  const verification = verifySigstore(bundle, { key_pem, trusted_root, artifact_sha256: sha256, now });
  if (verification.result !== "verified") return { result: verification.result, ...verification.reason };
  const { facts, not_proved } = verification;
  return {
    result: "verified",
    signer: { kind: "key", fingerprint: facts.signer },
    digest: `sha256:${sha256.toString("hex")}`,
    predicate_type: facts.predicate_type,
    log_entries: facts.receipts.map(({ origin, index }) => ({ log: origin, index: String(index) })),
    timestamps: facts.receipts.flatMap(({ logged_at }) => logged_at ?? []),
    not_proved: [...not_proved],
  };
}
