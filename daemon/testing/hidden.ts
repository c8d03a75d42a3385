/** Bundles with hidden numbers, made by the real builders and prover; what a lying signer or a thief would change can be changed on the way. */
import { sha256 } from "@noble/hashes/sha2.js";
import { rootOf } from "../../kernels/merkle/index.ts";
import type { Attempt, Identity } from "../../proto/change.ts";
import { toBase64, toHex, utf8 } from "../../proto/encoding.ts";
import { HiddenNumber } from "../../proto/hidden-number.ts";
import type { Manifest, ObligationLeaf } from "../../proto/manifest.ts";
import type { MeasuredObligation } from "../../proto/outcome.ts";
import type { RangeBits, RangeProofEntry } from "../../proto/range.ts";
import { recordBytes, recordId } from "../../proto/record.ts";
import { buildStatement, bundleBytes, signStatement, sigstoreBundle } from "../evidence/attest/index.ts";
import { buildManifest } from "../evidence/manifest/index.ts";
import { proveRanges, type HiddenLeafOpening } from "../evidence/range/index.ts";
import { cardDigest } from "../verifier/card.ts";
import { leafBytes } from "../verifier/leaves.ts";
import { CONFIG_DOCUMENT } from "../verifier/range/bounds.ts";
import type { RangeSubject } from "../verifier/range/statement.ts";
import { receiptFor, SAMPLE_ATTEMPT, SAMPLE_DECISION, SAMPLE_IDENTITY, SAMPLE_OUTCOMES, sampleCard, type Ring } from "./evidence.ts";

/** In units of 10^-2. */
export interface HiddenSample {
  readonly name: string;
  readonly value: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly bits?: RangeBits;
  readonly result?: "pass" | "fail";
  /** What the configuration says of it; true by default. */
  readonly hide?: boolean;
}

export const HIDDEN_SAMPLES: readonly HiddenSample[] = [
  { name: "coverage", value: 8125, min: 8000, max: null },
  { name: "flake", value: 173, min: null, max: 500 },
  { name: "spend", value: 3718, min: 0, max: 9900 },
];

export interface HiddenTampering {
  readonly samples?: readonly HiddenSample[];
  readonly identity?: Partial<Identity>;
  readonly attempt?: Partial<Attempt>;
  /** What the configuration says, where that is something else than what is measured against. */
  readonly configured?: (samples: readonly HiddenSample[]) => readonly HiddenSample[];
  readonly config_travels?: boolean;
  /** Before the tree is made, by a signer who lies. */
  readonly leaf?: (leaf: ObligationLeaf) => ObligationLeaf;
  /** What the proof is made for, where that is not what the bundle says. */
  readonly proved?: (subject: RangeSubject, hidden: readonly HiddenLeafOpening[]) => [RangeSubject, readonly HiddenLeafOpening[]];
  readonly proofs?: (proofs: RangeProofEntry[]) => RangeProofEntry[];
}

export interface HiddenBundle {
  readonly bundle: Uint8Array;
  readonly config: Uint8Array;
  readonly subject: RangeSubject;
  readonly hidden: readonly HiddenLeafOpening[];
  readonly proofs: readonly RangeProofEntry[];
}

const decimal = (units: number): string => (units / 100).toFixed(2);

function measured({ name, value, min, max, bits = 32, result = "pass" }: HiddenSample): MeasuredObligation {
  const number = { min: min === null ? null : String(min), max: max === null ? null : String(max) };
  return { name, kind: "numeric", required: true, result, observer: "sandbox", value: null, unit: "percent", scale: 2, ...number, because: null, source_sha256: "7".repeat(64), hidden: true, secret: new HiddenNumber(BigInt(value), bits) };
}

const configOf = (samples: readonly HiddenSample[]) => ({
  obligations: Object.fromEntries(samples.map(({ name, min, max, bits, hide = true }) => [name, { from: { report: "r" }, format: "json", pointer: `/${name}`, unit: "percent", scale: 2, hide, ...(min === null ? {} : { min: decimal(min) }), ...(max === null ? {} : { max: decimal(max) }), ...(bits === undefined ? {} : { hide_bits: bits }) }])),
});

function withLeaves(manifest: Manifest, change: (leaf: ObligationLeaf) => ObligationLeaf): Manifest {
  const leaves = manifest.leaves.map((slot) => ("leaf" in slot && slot.leaf.kind === "numeric" ? { leaf: change(slot.leaf) } : slot));
  return { ...manifest, leaves, root: toHex(rootOf(leaves.map((slot) => ("leaf" in slot ? leafBytes(slot.leaf) : new Uint8Array())))) };
}

export async function makeHidden(ring: Ring, tampering: HiddenTampering = {}): Promise<HiddenBundle> {
  const { samples = HIDDEN_SAMPLES, config_travels = true } = tampering;
  const body = configOf((tampering.configured ?? ((same) => same))(samples));
  const identity = { ...SAMPLE_IDENTITY, config: recordId("config", 1, body), ...tampering.identity };
  const attempt = { ...SAMPLE_ATTEMPT, ...tampering.attempt };
  const card = sampleCard(identity, SAMPLE_DECISION, attempt.attempt, "local");
  const config = recordBytes("config", 1, body);
  const built = buildManifest({
    identity, attempt, decision: SAMPLE_DECISION, outcomes: SAMPLE_OUTCOMES, obligations: samples.map(measured), tool: "maestro/0.0.0", salt_secret: utf8("an unchanging secret of a test.."),
    documents: [{ name: "card", sha256: cardDigest(card), travels: true }, ...(config_travels ? [{ name: CONFIG_DOCUMENT, sha256: toHex(sha256(config)), travels: true }] : [])],
  });
  const manifest = tampering.leaf === undefined ? built.manifest : withLeaves(built.manifest, tampering.leaf);
  const statement = buildStatement({ identity, attempt, mode: "local", decision: SAMPLE_DECISION, manifest, verifier: { id: "maestro", version: "0.0.0" } });
  const hidden = built.hidden.map((one) => ({ ...one, leaf: (tampering.leaf ?? ((same) => same))(one.leaf) }));
  const [subject, openings] = (tampering.proved ?? ((...same) => same))(statement.predicate, hidden);
  const proofs = (tampering.proofs ?? ((same) => same))(await proveRanges(subject, openings));
  const signed = signStatement(statement, ring.gate);
  const documents = config_travels ? [{ name: CONFIG_DOCUMENT, media_type: "application/json", content: toBase64(config) }] : [];
  return { bundle: bundleBytes([sigstoreBundle(signed, receiptFor(ring, signed.entry))], manifest, card, documents, proofs), config, subject: statement.predicate, hidden, proofs };
}
