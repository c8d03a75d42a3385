/** From a verdict to a signed statement, and from there to the one file an auditor gets. */
import { DSSE_PAYLOAD_TYPE, OBLIGATIONS_PREDICATE, SIGSTORE_BUNDLE_TYPE, STATEMENT_TYPE, type ObligationsPredicate, type SigstoreBundle, type Statement } from "../../../proto/attestation.ts";
import type { Bundle } from "../../../proto/bundle.ts";
import { canonicalBytes } from "../../../proto/canonical.ts";
import type { Card } from "../../../proto/card.ts";
import { gateId, type Attempt, type Identity, type Mode } from "../../../proto/change.ts";
import type { Decision } from "../../../proto/decision.ts";
import type { TravellingDocument } from "../../../proto/document.ts";
import { toBase64 } from "../../../proto/encoding.ts";
import { LEAF_SCHEMA, type Manifest } from "../../../proto/manifest.ts";
import type { RangeProofEntry } from "../../../proto/range.ts";
import { logEntryBody, preAuthEncoding } from "../../verifier/dsse.ts";
import { signedReasons } from "../../verifier/leaves.ts";
import { subjectsOf } from "../../verifier/statement.ts";
import type { Signer } from "../keys/index.ts";
import type { LogReceipt } from "../log/index.ts";

export interface StatementInput {
  readonly identity: Identity;
  readonly attempt: Attempt;
  readonly mode: Mode;
  readonly decision: Decision;
  readonly manifest: Manifest;
  /** What people released, as the card names it. */
  readonly releases?: Card["releases"];
  readonly verifier: ObligationsPredicate["verifier"];
}

export interface SignedEnvelope {
  readonly envelope: SigstoreBundle["dsseEnvelope"];
  /** What goes into the log for this signature. */
  readonly entry: Uint8Array;
}

export function buildStatement({ identity, attempt, mode, decision, manifest, releases, verifier }: StatementInput): Statement {
  return {
    _type: STATEMENT_TYPE,
    subject: subjectsOf(identity),
    predicateType: OBLIGATIONS_PREDICATE,
    predicate: {
      verifier,
      gate_id: gateId(identity),
      identity,
      attempt,
      mode,
      verdict: decision.verdict,
      reasons: signedReasons(decision.reasons),
      ...(releases === undefined ? {} : { releases }),
      manifest: { root: manifest.root, size: manifest.leaves.length, leaf_schema: LEAF_SCHEMA },
    },
  };
}

/** An in-toto Statement v1 of whatever predicate; which ones a key may sign is the trust file's word. */
export interface AnyStatement {
  readonly _type: typeof STATEMENT_TYPE;
  readonly subject: readonly unknown[];
  readonly predicateType: string;
  readonly predicate: object;
}

export function signStatement(statement: AnyStatement, gate: Signer): SignedEnvelope {
  const payload = canonicalBytes(statement);
  const signed = preAuthEncoding(payload);
  const signature = gate.sign(signed);
  return {
    envelope: { payload: toBase64(payload), payloadType: DSSE_PAYLOAD_TYPE, signatures: [{ sig: toBase64(signature), keyid: gate.key.fingerprint }] },
    entry: logEntryBody(signed, signature, gate.key.spki),
  };
}

/** A Sigstore bundle v0.3 with a managed key and our own log's proof. */
export function sigstoreBundle({ envelope, entry }: SignedEnvelope, receipt: LogReceipt): SigstoreBundle {
  const logIndex = String(receipt.index);
  return {
    mediaType: SIGSTORE_BUNDLE_TYPE,
    verificationMaterial: {
      publicKey: { hint: envelope.signatures[0]?.keyid ?? "" },
      tlogEntries: [
        {
          logIndex,
          logId: { keyId: toBase64(receipt.log_id) },
          kindVersion: { kind: "hashedrekord", version: "0.0.2" },
          inclusionProof: {
            logIndex,
            rootHash: toBase64(receipt.root),
            treeSize: String(receipt.size),
            hashes: receipt.proof.map(toBase64),
            checkpoint: { envelope: receipt.checkpoint },
          },
          canonicalizedBody: toBase64(entry),
        },
      ],
    },
    dsseEnvelope: envelope,
  };
}

/** `documents` in any order; where there are none the bundle has no such field, as those from before. */
export function bundleBytes(attestations: readonly SigstoreBundle[], manifest: Manifest, card: Card | null, documents: readonly TravellingDocument[] = [], range_proofs: readonly RangeProofEntry[] = []): Uint8Array {
  const sorted = documents.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const bundle: Bundle = { type: "maestro.bundle", v: 1, attestations: [...attestations], manifest, card, ...(sorted.length === 0 ? {} : { documents: sorted }), ...(range_proofs.length === 0 ? {} : { range_proofs: [...range_proofs] }) };
  return canonicalBytes(bundle);
}
