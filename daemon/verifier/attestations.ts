/** Attestations beside the obligations, about the same gate: each is proved by itself, and none may say anything else than they do. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { SigstoreBundle, TlogEntry } from "../../proto/attestation.ts";
import { parseCanonical } from "../../proto/canonical.ts";
import { fromBase64, toHex } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Verification } from "../../proto/verification.ts";
import { EVALUATION } from "./further/evaluation.ts";
import type { About, Kind, Said } from "./further/kind.ts";
import { SVR } from "./further/svr.ts";
import { TEST_RESULT } from "./further/test-result.ts";
import { VSA } from "./further/vsa.ts";
import type { Coordinates } from "./leaves.ts";
import { STATEMENT_LIMITS } from "./limits.ts";
import { proveEntry, type ProvenEntry } from "./log-entry.ts";
import type { OpenManifest } from "./manifest.ts";
import { checkSignature, openEnvelope, type ClaimedStatement } from "./statement.ts";
import { pass, stop, type Step } from "./step.ts";
import { entriesOf, permits, type Trust, type Use } from "./trust.ts";

const KINDS: readonly Kind[] = [EVALUATION, SVR, TEST_RESULT, VSA];

/** The bundle's own attestation of obligations, as it was opened. */
export interface Beside {
  readonly signed: ClaimedStatement;
  readonly manifest: OpenManifest;
  readonly tlog: TlogEntry;
}

/** One that agrees with the obligations and is signed and logged; by whom and where is asked next. */
export interface ProvenAttestation extends Said {
  readonly predicate_type: string;
  readonly statement_sha256: string;
  readonly fingerprint: string;
  readonly entry: ProvenEntry;
}

/** `null` where the payload is no JSON object with a predicate type. */
function predicateType(payload: Uint8Array): string | null {
  try {
    const statement = parseCanonical(payload, STATEMENT_LIMITS);
    const type = statement !== null && typeof statement === "object" && "predicateType" in statement ? statement["predicateType"] : null;
    return typeof type === "string" ? type : null;
  } catch (error) {
    if (error instanceof MaestroError) return null;
    throw error;
  }
}

const kindOf = (payload: Uint8Array): Kind | undefined => KINDS.find(({ predicate_type }) => predicate_type === predicateType(payload));

function prove(attestation: SigstoreBundle, about: About, first: TlogEntry): Step<ProvenAttestation> {
  const envelope = openEnvelope(attestation);
  if (!envelope.ok) return envelope;
  const { payload, key } = envelope.value;
  const known = kindOf(payload);
  if (known === undefined) return stop("attestation.unknown", `${predicateType(payload)?.slice(0, 200) ?? "no predicate type"} has no place beside obligations`);
  const said = known.judge(payload, about);
  if (!said.ok) return said;
  const [tlog] = attestation.verificationMaterial.tlogEntries;
  const entry = tlog === undefined ? stop("log.entry", "no log entry") : proveEntry(tlog, envelope.value.entry);
  if (!entry.ok) return entry;
  if (tlog?.logId.keyId !== first.logId.keyId || tlog.inclusionProof.checkpoint.envelope !== first.inclusionProof.checkpoint.envelope) {
    return stop("log.checkpoint", "it stands under another checkpoint than the obligations");
  }
  const signature = checkSignature(envelope.value);
  if (!signature.ok) return signature;
  return pass({ ...said.value, predicate_type: known.predicate_type, statement_sha256: toHex(sha256(payload)), fingerprint: key.fingerprint, entry: entry.value });
}

/** What an attestation stands under in a bundle: each gate has one of a kind, or one for each that it is of. */
const placeOf = ({ predicate_type, of }: Pick<ProvenAttestation, "predicate_type" | "of">): string => `${predicate_type} ${of ?? ""}`;

/**
 * Everything that needs no trust file. All hang under the checkpoint of the obligations, so that whoever signed and witnessed that one
 * did so for each of them. They stand in the order of their places: one set of them is one text.
 */
export function openAttestations(further: readonly SigstoreBundle[], { signed, manifest, tlog }: Beside): Step<ProvenAttestation[]> {
  const about: About = { statement: signed.statement, statement_sha256: toHex(sha256(signed.payload)), manifest };
  const proven: ProvenAttestation[] = [];
  for (const [i, attestation] of further.entries()) {
    const opened = prove(attestation, about, tlog);
    if (!opened.ok) return stop(opened.reason.code, `attestation ${i + 1}: ${opened.reason.detail}`);
    const before = proven.at(-1);
    if (before !== undefined && placeOf(before) >= placeOf(opened.value)) return stop("attestation.mismatch", `attestation ${i + 1} is out of order or there twice`);
    proven.push(opened.value);
  }
  return pass(proven);
}

/** Whether the trust file lets each key say what it says. */
export function trustAttestations(proven: readonly ProvenAttestation[], trust: Trust, use: Omit<Use, "role" | "predicate_type">): Step<null> {
  for (const { fingerprint, predicate_type } of proven) {
    const permitted = permits(entriesOf(trust, fingerprint), { role: "gate", predicate_type, ...use });
    if (!permitted.ok) return permitted;
  }
  return pass(null);
}

/** As they stand in a bundle. */
export const inPlace = <T extends Pick<ProvenAttestation, "predicate_type" | "of">>(further: readonly T[]): T[] => further.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));

/** What a person is told of them. */
export const saidOf = (proven: readonly ProvenAttestation[]): Verification["attestations"] =>
  proven.map(({ predicate_type, of, says, statement_sha256, entry }) => ({ predicate_type, of, says, statement_sha256, log_index: entry.index }));

/** Whether this attestation tells what a leaf tells, and so must go where the leaf is hidden. One that cannot be read goes too. */
export function tellsLeaf({ dsseEnvelope }: SigstoreBundle, leaf: Coordinates): boolean {
  const payload = fromBase64(dsseEnvelope.payload);
  return payload === null || (kindOf(payload)?.tells(payload, leaf) ?? true);
}
