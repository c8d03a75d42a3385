/** A verdict as evidence: everything signed for it is one batch of the log, and one transaction. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Statement } from "../../proto/attestation.ts";
import type { Card, CardProof } from "../../proto/card.ts";
import type { Attempt, Identity, Mode } from "../../proto/change.ts";
import { documentMediaType, type TravellingDocument } from "../../proto/document.ts";
import { toBase64, toHex } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Verification } from "../../proto/verification.ts";
import { verifyWithTrust } from "../verifier/bundle.ts";
import { cardDigest } from "../verifier/card.ts";
import { releaseLeafName } from "../verifier/leaves.ts";
import { tlogProofText } from "../verifier/tlog-proof.ts";
import { timestampOf } from "../verifier/time.ts";
import { buildStatement, bundleBytes, signStatement } from "./attest/index.ts";
import { logged, signBeside } from "./attest/further.ts";
import type { Keys } from "./keys/index.ts";
import type { Log } from "./log/index.ts";
import { buildManifest, type Findings } from "./manifest/index.ts";
import { sealOpenings } from "./range/blinding.ts";
import { holdingRanges, openingsByName, proveRanges } from "./range/index.ts";

export interface RecordInput extends Omit<Findings, "documents"> {
  readonly identity: Identity;
  readonly mode: Mode;
  readonly attempt: number;
  readonly supersedes: number | null;
  readonly valid_for_s: number;
  readonly card: Card;
  /** Documents that stay here, such as the facts; their leaves hold a MAC. */
  readonly documents: readonly { readonly name: string; readonly sha256: string }[];
  /** Documents that stay here and are handed out: their leaves hold the plain digest, so that whoever holds one can tell. */
  readonly beside?: readonly { readonly name: string; readonly sha256: string }[];
  /** Documents that go along in the bundle; see `proto/document.ts` for their names and how much they may be. */
  readonly travelling?: readonly { readonly name: string; readonly content: Uint8Array }[];
}

export interface Recorded {
  readonly statement: Statement;
  readonly bundle: Uint8Array;
  readonly proof: CardProof;
  /** The log receipt alone, in C2SP tlog-proof form. */
  readonly tlog_proof: string;
  /** Digest of the leaves without salt and time: equal on replay. */
  readonly core_sha256: string;
  /** Numbers that stay hidden, sealed with this node's keys; null where there are none. */
  readonly openings: string | null;
}

interface Recording {
  readonly log: Pick<Log, "append" | "state">;
  readonly keys: Keys;
  readonly version: string;
}

function sealed(input: RecordInput, attempt: Attempt, keys: Keys, version: string) {
  const { identity, mode, decision, card } = input;
  const released = (card.releases ?? []).map((one) => ({ name: releaseLeafName(one), sha256: one.statement_sha256, travels: true }));
  const carried = (input.travelling ?? []).map(({ name, content }) => ({ name, sha256: toHex(sha256(content)), travels: true }));
  const documents = [{ name: "card", sha256: cardDigest(card), travels: true }, ...released, ...carried, ...(input.beside ?? []).map((document) => ({ ...document, travels: true })), ...input.documents.map((document) => ({ ...document, travels: false }))];
  const built = buildManifest({ ...input, attempt, documents, tool: `maestro/${version}`, salt_secret: keys.salt_secret });
  const statement = buildStatement({ identity, attempt, mode, decision, manifest: built.manifest, ...(card.releases === undefined ? {} : { releases: card.releases }), verifier: { id: "maestro", version } });
  return { ...built, statement, signed: signStatement(statement, keys.gate) };
}

function travelling({ travelling: documents = [] }: RecordInput): TravellingDocument[] {
  return documents.map(({ name, content }) => ({ name, media_type: documentMediaType(name) ?? "", content: toBase64(content) }));
}

/** What the trust file does not permit, or no longer, is for whoever signs that file; anything else is a mistake of ours. */
function refused({ reasons: [reason] }: Pick<Verification, "reasons">): MaestroError {
  const what = `${reason?.code}: ${reason?.detail}`;
  if (reason?.code.startsWith("signer.") !== true) return new MaestroError("internal.bug", `evidence: ${what}`);
  return new MaestroError("evidence.keys", `the trust file does not let this node sign this verdict (${what}); sign the node's trust.json anew with maestro trust sign`);
}

/** See `Evidence.record`. `time_s`: when it is issued. */
export async function recordVerdict({ log, keys, version }: Recording, time_s: number, input: RecordInput, commit: (recorded: Recorded) => void): Promise<Recorded> {
  const { attempt: number, supersedes, valid_for_s } = input;
  const attempt: Attempt = { attempt: number, supersedes, issued_at: timestampOf(time_s), valid_until: timestampOf(time_s + valid_for_s) };
  const { manifest, core_sha256, statement, signed, hidden } = sealed(input, attempt, keys, version);
  const range_proofs = hidden.length === 0 ? [] : await proveRanges(statement.predicate, hidden);
  const ranges_seen = await holdingRanges(statement.predicate, hidden, range_proofs);
  const openings = hidden.length === 0 ? null : sealOpenings(keys.salt_secret, { gate_id: manifest.gate_id, attempt: number }, openingsByName(hidden));
  const all = [signed, ...signBeside({ statement, signed, manifest, outcomes: input.outcomes }, keys, time_s)];
  return log.append(all.map(({ entry }) => entry), Math.max(time_s, log.state().time_s), (receipts) => {
    const [receipt] = receipts;
    if (receipt === undefined) throw new MaestroError("internal.bug", "log: no receipt for the entry");
    const bundle = bundleBytes(logged(all, receipts), manifest, input.card, travelling(input), range_proofs);
    // What our own verifier would refuse is not logged at all: the throw undoes the transaction.
    const verified = verifyWithTrust(bundle, keys.trust, { now: new Date(time_s * 1000), witnesses: "later", ranges_seen });
    if (verified.result !== "verified") throw refused(verified);
    const recorded: Recorded = {
      statement,
      bundle,
      core_sha256,
      openings,
      tlog_proof: tlogProofText({ index: receipt.index, hashes: receipt.proof, checkpoint: receipt.checkpoint }),
      proof: {
        log_origin: receipt.origin,
        log_index: receipt.index,
        manifest_root: manifest.root,
        bundle_sha256: toHex(sha256(bundle)),
        signer: keys.gate.key.fingerprint,
        self_made_trust: keys.trust.self_made,
      },
    };
    commit(recorded);
    return recorded;
  });
}
