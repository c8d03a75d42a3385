/** Files of an evidence bundle: each is held by something signed, or refused. */
import { sha256 } from "@noble/hashes/sha2.js";
import { Type } from "@sinclair/typebox";
import type { Bundle } from "../../../proto/bundle.ts";
import type { Identity } from "../../../proto/change.ts";
import { concatBytes, fromBase64, toBase32, toHex, utf8 } from "../../../proto/encoding.ts";
import { CONFIGURATION_FILE, FILE_BYTES_MAX, KEYLESS_FILE, POLICY_FILE, policyCodeFile, policyDataFile, type EvidenceVerification, type FileHeldBy, type HeldFile } from "../../../proto/evidence-bundle.ts";
import { ForeignBundle } from "../../../proto/foreign-bundle.ts";
import type { RecordType } from "../../../proto/record.ts";
import { readDocument, readForeign } from "../schema.ts";
import { pass, stop, type Step } from "../step.ts";

type Judged = EvidenceVerification["files"][number];

const FILES_BYTES_MAX = 64 * 1024 * 1024;
const POLICY_LIMITS = { bytes_max: 64 * 1024, depth_max: 6 } as const;
const KEYLESS_LIMITS = { bytes_max: FILE_BYTES_MAX, depth_max: 24 } as const;
/** Of a policy's record what names its bytes; one that could not be read at the time has no such names. */
const PolicyRecord = Type.Object({ type: Type.Literal("policy"), v: Type.Literal(1), body: Type.Object({ bundles: Type.Array(Type.Object({ wasm_sha256: Type.Optional(Type.String()), data_sha256: Type.Optional(Type.String()) }), { maxItems: 16 }) }) });

/** As `recordId`, of a record's bytes. */
const idOf = (type: RecordType, bytes: Uint8Array): string => `${type}:${toBase32(sha256(concatBytes(utf8(`maestro/v1/${type}\0`), bytes)))}`;

interface Holding {
  readonly bundle: Bundle;
  readonly identity: Identity;
  /** Digests of policies' code and data, by the name their file has. */
  readonly policies: ReadonlyMap<string, string>;
}

/** A certificate's signature over the gate's own statement; whether that certificate counts is another verifier's question. */
function isSameStatement(bytes: Uint8Array, { attestations }: Bundle): boolean {
  const read = readForeign(ForeignBundle, bytes, KEYLESS_LIMITS);
  return !("because" in read) && read.value.dsseEnvelope?.payload === attestations[0]?.dsseEnvelope.payload;
}

function heldBy(name: string, bytes: Uint8Array, digest: string, { bundle, identity, policies }: Holding): FileHeldBy | null {
  if (name === CONFIGURATION_FILE) return idOf("config", bytes) === identity.config ? "configuration" : null;
  if (name === POLICY_FILE) return idOf("policy", bytes) === identity.policy ? "policy" : null;
  if (name === KEYLESS_FILE) return isSameStatement(bytes, bundle) ? "same-statement" : null;
  const policy = policies.get(name);
  if (policy !== undefined) return policy === digest ? "policy" : null;
  const leaf = bundle.manifest.leaves.some((slot) => "leaf" in slot && slot.leaf.kind === "document" && slot.leaf.name === name && slot.leaf.source_sha256 === digest);
  return leaf ? "leaf" : null;
}

/** What the policy's record names; nothing where it is not the record of the identity. */
function policiesIn(files: readonly HeldFile[], identity: Identity): Map<string, string> {
  const record = fromBase64(files.find(({ name }) => name === POLICY_FILE)?.content ?? "") ?? new Uint8Array();
  const read = idOf("policy", record) === identity.policy ? readDocument(PolicyRecord, record, POLICY_LIMITS) : { because: "" };
  if ("because" in read) return new Map();
  return new Map(read.value.body.bundles.flatMap(({ wasm_sha256, data_sha256 }, place) => [...(wasm_sha256 === undefined ? [] : [[policyCodeFile(place), wasm_sha256] as const]), ...(data_sha256 === undefined ? [] : [[policyDataFile(place), data_sha256] as const])]));
}

/** Requires that `bundle` verified, so that its identity and leaves are signed. */
export function checkFiles(files: readonly HeldFile[], bundle: Bundle, identity: Identity): Step<Judged[]> {
  const holding: Holding = { bundle, identity, policies: policiesIn(files, identity) };
  const judged: Judged[] = [];
  let left = FILES_BYTES_MAX;
  for (const { name, content } of files) {
    const last = judged.at(-1);
    if (last !== undefined && last.name >= name) return stop("document.mismatch", `${name} is out of order or there twice`);
    const bytes = fromBase64(content);
    if (bytes === null || bytes.length > FILE_BYTES_MAX) return stop("document.mismatch", `${name} has more than ${FILE_BYTES_MAX} bytes`);
    left -= bytes.length;
    if (left < 0) return stop("document.mismatch", `the files have more than ${FILES_BYTES_MAX} bytes together`);
    const digest = toHex(sha256(bytes));
    const held_by = heldBy(name, bytes, digest, holding);
    if (held_by === null) return stop("document.mismatch", `nothing signed in this bundle holds ${name} as it is here`);
    judged.push({ name, sha256: digest, bytes: bytes.length, held_by });
  }
  return pass(judged);
}
