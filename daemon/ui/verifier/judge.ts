/** From what was given to what is shown. The verifier is the command line's own; this only picks which part of it is asked. */
import { sha256 } from "@noble/hashes/sha2.js";
import { Value } from "@sinclair/typebox/value";
import { parseStrict } from "../../../proto/canonical.ts";
import { fromBase64, fromHex, fromUtf8Lossy, toHex } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { PACKAGE_RELEASE_PREDICATE, SHIPMENT_PREDICATE } from "../../../proto/predicates/shipping-types.ts";
import { VerifiedLeaf, type Verification } from "../../../proto/verification.ts";
import type { Bundle } from "../../../proto/bundle.ts";
import type { EvidenceBundle, EvidenceVerification } from "../../../proto/evidence-bundle.ts";
import type { TrustFile } from "../../../proto/trust.ts";
import { verifyInclusion } from "../../../kernels/merkle/index.ts";
import { parseCheckpoint, type Checkpoint } from "../../verifier/checkpoint.ts";
import { checkConsistency } from "../../verifier/consistency.ts";
import { isReleaseBundle, openTrust, verifyBundle, verifyRelease, type VerifyOptions } from "../../verifier/index.ts";
import { hashLeaf, leafBytes, leafLabel } from "../../verifier/leaves.ts";
import { parseNote } from "../../verifier/note.ts";
import { verifySigstore } from "../../verifier/sigstore.ts";
import { visible } from "../../verifier/visible.ts";
import { isEvidenceBundle, verifyEvidenceBundle } from "../../verifier/whole/index.ts";
import { witnessText } from "../../verifier/witness-words.ts";
import { headline, releaseHeadline, remarks } from "../../verifier/wording.ts";
import type { Answer } from "./answer.ts";
import { INPUT_LIMITS, kindText, type Input, type Kind } from "./inputs.ts";
import { evidenceSteps, type Beside } from "./steps/evidence.ts";
import { releaseSteps, sigstoreSteps } from "./steps/sigstore.ts";
import { wholeStep } from "./steps/whole.ts";
import { unlooked } from "./unlooked.ts";

type Judged = Omit<Answer, "files" | "took_ms">;

const LEAF_LIMITS = { bytes_max: 1024 * 1024, depth_max: 12 } as const;

const waiting = (line: string): Judged => ({ verdict: "waiting", headline: line, reasons: [], remarks: [], steps: [] });

/** The leaf in what `maestro verify --leaf` prints, with or without `--json`. */
function readLeaf(bytes: Uint8Array): VerifiedLeaf | null {
  const text = fromUtf8Lossy(bytes);
  const from = text.search(/^\{/m);
  if (from < 0) return null;
  try {
    const value = parseStrict(new TextEncoder().encode(text.slice(from).trimEnd()), LEAF_LIMITS);
    const inner = typeof value === "object" && value !== null && !Array.isArray(value) && "leaf_hash" in value ? value : (value as { leaf?: unknown } | null)?.leaf;
    return Value.Check(VerifiedLeaf, inner) ? inner : null;
  } catch (error) {
    if (error instanceof MaestroError) return null;
    throw error;
  }
}

/** A leaf that came by itself, held against the root that the bundle's statement signed. */
function judgeLeaf(bytes: Uint8Array, verification: Verification): Beside["leaf"] {
  const found = readLeaf(bytes);
  const signed = verification.statement?.predicate.manifest;
  if (found === null || signed === undefined) return { state: "failed", said: "The file is no leaf with an inclusion proof.", found: null };
  const leafHash = hashLeaf(leafBytes(found.leaf));
  const inclusionPath = found.proof.map((hash) => fromHex(hash) ?? new Uint8Array(0));
  const holds = found.size === signed.size && toHex(leafHash) === found.leaf_hash && verifyInclusion({ leafIndex: found.index, treeSize: signed.size, leafHash, inclusionPath, rootHash: fromHex(signed.root) ?? new Uint8Array(0) });
  if (!holds) return { state: "failed", said: "The leaf does not hang under the root that this bundle's statement signed.", found: null };
  return { state: "proved", said: `The leaf ${visible(leafLabel(found.leaf))} hangs under the signed root.`, found };
}

interface Whole {
  readonly verification: Verification;
  /** `null` where nothing was verified. */
  readonly bundle: Bundle | null;
  /** What is around the gate's own bundle, where the file holds that. */
  readonly around: EvidenceVerification | null;
}

/** A gate's bundle, by itself or with everything around it: the whole of a file must stand, or nothing of it is shown as verified. */
function verifyWhole(bytes: Uint8Array, trust_bytes: Uint8Array, options: VerifyOptions): Whole {
  // Verified means canonical and of this very shape.
  const read = (): unknown => JSON.parse(fromUtf8Lossy(bytes));
  const trust = isEvidenceBundle(bytes) ? openTrust(trust_bytes) : null;
  if (trust === null || !trust.ok) {
    const verification = verifyBundle(bytes, trust_bytes, options);
    return { verification, bundle: verification.result === "verified" ? (read() as Bundle) : null, around: null };
  }
  const around = verifyEvidenceBundle(bytes, trust.value, toHex(sha256(trust_bytes)), options);
  if (around.result === "verified" && around.gate !== null) return { verification: around.gate, bundle: (read() as EvidenceBundle).gate.bundle, around };
  return { verification: { ...verifyBundle(new Uint8Array(0), trust_bytes, options), result: around.result, reasons: around.reasons }, bundle: null, around: null };
}

/** The checkpoint of a verified bundle's own receipt. */
function receiptCheckpoint({ attestations }: Bundle): Checkpoint | null {
  const note = parseNote(attestations[0]?.verificationMaterial.tlogEntries[0]?.inclusionProof.checkpoint.envelope ?? "");
  return note === null ? null : parseCheckpoint(note.text);
}

function judgeConsistency(text: Uint8Array, bundle: Bundle, trust: Uint8Array): Beside["consistency"] {
  const receipt = receiptCheckpoint(bundle);
  const opened = openTrust(trust);
  if (receipt === null || !opened.ok) return { state: "not_proved", said: "The receipt's own checkpoint cannot be read." };
  const held = checkConsistency(receipt, fromUtf8Lossy(text), opened.value);
  if (held.ok) return { state: "proved", said: held.from === held.to ? `Both checkpoints are of the same tree of ${held.to} entries.` : `The tree of ${held.from} entries is the beginning of the tree of ${held.to}.` };
  return { state: held.split ? "failed" : "not_proved", said: `${held.split ? "Split view" : "Not proved"}: ${visible(held.because)}.` };
}

function judgeEvidence(bundle: Input, trust: Input, of: (kind: Kind) => Input | undefined, now: Date): Judged {
  const [leaf, second, bounds, opening] = [of("leaf"), of("checkpoints"), of("bounds"), of("opening")];
  const { verification, bundle: read, around } = verifyWhole(bundle.bytes, trust.bytes, { now, ...(bounds === undefined ? {} : { bounds: bounds.bytes }), ...(opening === undefined ? {} : { opening: opening.bytes }) });
  const verified = verification.result === "verified";
  const beside: Beside = {
    card: read !== null && read.card !== null,
    documents: read?.documents,
    root: verified ? (JSON.parse(fromUtf8Lossy(trust.bytes)) as TrustFile).root.fingerprint : "",
    leaf: leaf === undefined || read === null ? null : judgeLeaf(leaf.bytes, verification),
    consistency: second === undefined || read === null ? null : judgeConsistency(second.bytes, read, trust.bytes),
  };
  const steps = [...evidenceSteps(verification, beside, now), ...(around === null ? [] : [wholeStep(around)])];
  const broken = verified ? steps.find(({ state }) => state === "failed") : undefined;
  // The bundle stands; what was given beside it does not belong to it, and the page says no other word than that.
  if (broken !== undefined) return { verdict: "failed", headline: "FAILED  the bundle verified, but what was given beside it does not fit it", reasons: [`${broken.id}: ${broken.said}`], remarks: [headline(verification, visible)], steps };
  return { verdict: verification.result, headline: headline(verification, visible), reasons: verification.reasons.map(({ code, detail }) => `${code}: ${visible(detail)}`), remarks: remarks(verification), steps };
}

function judgeRelease(bundle: Input, trust: Input, now: Date): Judged {
  const opened = openTrust(trust.bytes);
  const verification = opened.ok ? verifyRelease(bundle.bytes, opened.value, now) : ({ result: "failed", reason: opened.reason } as const);
  const reasons = verification.result === "verified" ? [] : [`${verification.reason.code}: ${visible(verification.reason.detail)}`];
  return { verdict: verification.result, headline: opened.ok ? releaseHeadline(verification, visible) : "FAILED  the trust file is unusable, so nothing was verified", reasons, remarks: verification.result === "verified" ? witnessText(verification.witnesses) : [], steps: releaseSteps(verification) };
}

/** What a Sigstore bundle claims its statement to be. */
function claimsRelease(bytes: Uint8Array): boolean {
  const [, payload = ""] = /"payload":"([A-Za-z0-9+/=]+)"/.exec(fromUtf8Lossy(bytes)) ?? [];
  const statement = fromUtf8Lossy(fromBase64(payload) ?? new Uint8Array(0));
  return [SHIPMENT_PREDICATE, PACKAGE_RELEASE_PREDICATE].some((type) => statement.includes(`"predicateType":"${type}"`));
}

/** The gates it names lie in files that a page cannot look for. */
const RELEASED: Judged = { ...waiting("NOT JUDGED HERE  a release of an artifact counts only with the gates it names: use maestro verify FILE --trust FILE"), verdict: "not_judged" };

const SIGSTORE_HEADS = { verified: "VERIFIED  signed by the key you gave", failed: "FAILED  this is not verified", not_judged: "NOT JUDGED HERE" } as const;

function judgeSigstore(bundle: Input, of: (kind: Kind) => Input | undefined, now: Date): Judged {
  const verification = verifySigstore(bundle.bytes, { key_pem: of("key")?.bytes ?? null, trusted_root: of("trusted_root")?.bytes ?? null, artifact_sha256: of("artifact")?.sha256 ?? null, now });
  const reasons = verification.result === "verified" ? [] : [`${verification.reason.code}: ${visible(verification.reason.detail)}`];
  const line = verification.result === "not_judged" ? `${SIGSTORE_HEADS.not_judged}  ${visible(verification.reason.detail)}` : SIGSTORE_HEADS[verification.result];
  return { verdict: verification.result, headline: line, reasons, remarks: verification.result === "verified" ? verification.not_proved.map((text) => `not proved: ${visible(text)}`) : [], steps: sigstoreSteps(verification) };
}

/** With what was not looked at beneath. */
const beside = (answer: Judged, inputs: readonly Input[], used: readonly (Input | undefined)[]): Judged => ({ ...answer, remarks: [...answer.remarks, ...unlooked(inputs, used)] });

function judged(inputs: readonly Input[], now: Date): Judged {
  const large = inputs.find(({ kind }) => kind === "too_large");
  if (large !== undefined) {
    return { ...waiting(`FAILED  ${visible(large.name)} has ${large.size} bytes, limit ${INPUT_LIMITS.bytes_max}`), verdict: "failed", reasons: [`bundle.malformed: ${large.size} bytes, limit ${INPUT_LIMITS.bytes_max}`] };
  }
  const lost = inputs.find(({ kind }) => kind === "unreadable");
  if (lost !== undefined) return { ...waiting(`FAILED  ${visible(lost.name)} cannot be read any more; give it again`), verdict: "failed" };
  const of = (kind: Kind): Input | undefined => inputs.findLast((input) => input.kind === kind);
  const [bundle, sigstore, trust, stray] = [of("bundle"), of("sigstore"), of("trust"), of("artifact")];
  if (bundle !== undefined) {
    // Beside a bundle alone, a file of no known kind is a damaged trust file.
    const against = trust ?? stray;
    if (against === undefined) return beside(waiting("NOT VERIFIED YET  give the trust file that the operator published; a bundle cannot vouch for itself"), inputs, [bundle]);
    return beside(judgeEvidence(bundle, against, of, now), inputs, [bundle, against, of("leaf"), of("checkpoints"), of("opening")]);
  }
  const shipment = of("shipment");
  if (shipment !== undefined) return beside(RELEASED, inputs, [shipment]);
  if (sigstore !== undefined) {
    if (of("key") === undefined && claimsRelease(sigstore.bytes)) return beside(RELEASED, inputs, [sigstore]);
    const release = of("key") === undefined && trust !== undefined && isReleaseBundle(sigstore.bytes);
    return release ? beside(judgeRelease(sigstore, trust, now), inputs, [sigstore]) : beside(judgeSigstore(sigstore, of, now), inputs, [sigstore, stray]);
  }
  // A file of no known kind, with nothing else to judge, is what the reader asked about: a damaged bundle looks like this.
  if (stray !== undefined) return beside(trust === undefined ? waiting(`NOT VERIFIED  ${visible(stray.name)} is no evidence that this page knows`) : judgeEvidence(stray, trust, () => undefined, now), inputs, [stray]);
  return waiting(inputs.length === 0 ? "Nothing given yet" : "NOT VERIFIED YET  give the evidence bundle");
}

/** Judges everything that was given. */
export function judge(inputs: readonly Input[], now: Date): Omit<Answer, "took_ms"> {
  const files = inputs.map(({ name, size, kind }) => ({ name: visible(name), bytes: size, kind: kindText(kind) }));
  return { ...judged(inputs, now), files };
}
