/** Receipts anew, under the newest checkpoint that witnesses cosigned; nothing else of an attestation changes. */
import type { SigstoreBundle, TlogEntry } from "../../proto/attestation.ts";
import { equalBytes, fromBase64, toBase64 } from "../../proto/encoding.ts";
import type { AnsweredReceipts } from "../../proto/evidence-bundle.ts";
import { parseCheckpoint } from "../verifier/checkpoint.ts";
import { parseNote } from "../verifier/note.ts";

/** What of a log receipt goes into an attestation. */
export interface NewReceipt {
  readonly log_id: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly checkpoint: string;
}

/** The log as it is now. */
export interface ReceiptSource {
  origin(): string;
  /** `null` outside of it. */
  entry(index: number): Uint8Array | null;
  /** Whether witnesses are asked at all. */
  witnessed(): boolean;
  /** Under the newest witnessed checkpoint; `null` where there is none that reaches the entry. */
  receipt(index: number): NewReceipt | null;
  consistency(first: number, second: number): readonly Uint8Array[];
}

export type Reissued = { readonly attestations: SigstoreBundle[]; readonly answered?: AnsweredReceipts; readonly because?: string };

function under(attestation: SigstoreBundle, receipt: NewReceipt): SigstoreBundle {
  const { verificationMaterial } = attestation;
  const tlogEntries = verificationMaterial.tlogEntries.map((entry): TlogEntry => ({
    ...entry,
    logId: { keyId: toBase64(receipt.log_id) },
    inclusionProof: { logIndex: entry.logIndex, rootHash: toBase64(receipt.root), treeSize: String(receipt.size), hashes: receipt.proof.map(toBase64), checkpoint: { envelope: receipt.checkpoint } },
  }));
  return { ...attestation, verificationMaterial: { ...verificationMaterial, tlogEntries } };
}

const entryOf = (attestation: SigstoreBundle): TlogEntry | undefined => attestation.verificationMaterial.tlogEntries[0];

/** All of them stand under one checkpoint, before and afterwards; where that cannot be, they stay as they are and it is said why. */
export function reissue(attestations: readonly SigstoreBundle[], source: ReceiptSource): Reissued {
  const kept = (because: string): Reissued => ({ attestations: [...attestations], because });
  const entries = attestations.flatMap((one) => entryOf(one) ?? []);
  const first = entries[0];
  const envelope = first?.inclusionProof.checkpoint.envelope ?? "";
  const before = parseCheckpoint(parseNote(envelope)?.text ?? "");
  if (first === undefined || before === null || entries.length !== attestations.length) return kept("its receipt cannot be read");
  const here = entries.every(({ logIndex, canonicalizedBody }) => {
    const entry = source.entry(Number(logIndex));
    return entry !== null && equalBytes(entry, fromBase64(canonicalizedBody) ?? new Uint8Array());
  });
  if (before.origin !== source.origin() || !here) return kept("it stands in a log that this node no longer writes");
  if (!source.witnessed()) return { attestations: [...attestations] };
  const receipts = entries.map(({ logIndex }) => source.receipt(Number(logIndex)));
  const [newest] = receipts;
  if (newest === undefined || newest === null || receipts.includes(null)) return kept("no checkpoint with enough witnesses reaches it");
  if (newest.size < before.size || newest.checkpoint === envelope) return kept("its receipt is under a checkpoint as new as the newest witnessed one");
  const answered: AnsweredReceipts = {
    log_id: first.logId.keyId,
    checkpoint: envelope,
    hashes: entries.map(({ inclusionProof }) => [...inclusionProof.hashes]),
    consistency: newest.size === before.size ? [] : source.consistency(before.size, newest.size).map(toBase64),
  };
  return { attestations: attestations.map((one, i) => under(one, receipts[i] ?? newest)), answered };
}
