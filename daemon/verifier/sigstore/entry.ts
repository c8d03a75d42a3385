/** What a log entry of another tool says was signed, by which key: Rekor's `hashedrekord` and `dsse`. */
import { Type, type Static } from "@sinclair/typebox";
import { HashedRekord } from "../../../proto/attestation.ts";
import { equalBytes, fromBase64, fromHex } from "../../../proto/encoding.ts";
import type { ForeignLogEntry } from "../../../proto/foreign-bundle.ts";
import { readForeign } from "../schema.ts";
import { pass, stop, type Step } from "../step.ts";
import { readPublicKey } from "./key.ts";

/** What the bundle itself says, to be held against its log entries. */
export interface Signed {
  readonly digest: Uint8Array;
  /** SHA-256 of a DSSE payload; `null` for a message. */
  readonly payload_digest: Uint8Array | null;
  readonly signature: Uint8Array;
  readonly spki: Uint8Array;
}

const ENTRY_LIMITS = { bytes_max: 1024 * 1024, depth_max: 16 } as const;

const Hash = Type.Object({ algorithm: Type.String(), value: Type.String() });

/** Rekor v1 `hashedrekord` 0.0.1. */
const HashedRekordV1 = Type.Object({
  apiVersion: Type.Literal("0.0.1"),
  kind: Type.Literal("hashedrekord"),
  spec: Type.Object({ data: Type.Object({ hash: Hash }), signature: Type.Object({ content: Type.String(), publicKey: Type.Object({ content: Type.String() }) }) }),
});

/** Rekor v1 `dsse` 0.0.1. */
const DsseV1 = Type.Object({
  apiVersion: Type.Literal("0.0.1"),
  kind: Type.Literal("dsse"),
  spec: Type.Object({ payloadHash: Hash, signatures: Type.Array(Type.Object({ signature: Type.String(), verifier: Type.String() })) }),
});

/** Text forms of what one entry names; each is compared with the bundle's own. */
interface Named {
  readonly digest: Uint8Array | null;
  readonly wanted: Uint8Array | null;
  readonly signature: Uint8Array | null;
  readonly spki: Uint8Array | null;
}

const hashOf = ({ algorithm, value }: Static<typeof Hash>): Uint8Array | null => (algorithm === "sha256" ? fromHex(value) : null);

function spkiOfPem(base64: string): Uint8Array | null {
  const pem = fromBase64(base64);
  const read = pem === null ? null : readPublicKey(pem);
  return read !== null && "key" in read ? read.key.spki : null;
}

type Reader = (body: Uint8Array, signed: Signed) => Named | string;

const READERS: Readonly<Record<string, Reader>> = {
  "hashedrekord 0.0.2": (body, { digest }) => {
    const read = readForeign(HashedRekord, body, ENTRY_LIMITS);
    if ("because" in read) return read.because;
    const { data, signature } = read.value.spec.hashedRekordV002;
    return { digest: fromBase64(data.digest), wanted: digest, signature: fromBase64(signature.content), spki: fromBase64(signature.verifier.publicKey.rawBytes) };
  },
  "hashedrekord 0.0.1": (body, { digest }) => {
    const read = readForeign(HashedRekordV1, body, ENTRY_LIMITS);
    if ("because" in read) return read.because;
    const { data, signature } = read.value.spec;
    return { digest: hashOf(data.hash), wanted: digest, signature: fromBase64(signature.content), spki: spkiOfPem(signature.publicKey.content) };
  },
  "dsse 0.0.1": (body, { payload_digest }) => {
    const read = readForeign(DsseV1, body, ENTRY_LIMITS);
    if ("because" in read) return read.because;
    const [one, second] = read.value.spec.signatures;
    if (one === undefined || second !== undefined) return "not exactly one signature";
    return { digest: hashOf(read.value.spec.payloadHash), wanted: payload_digest, signature: fromBase64(one.signature), spki: spkiOfPem(one.verifier) };
  },
};

const same = (a: Uint8Array | null, b: Uint8Array | null): boolean => a !== null && b !== null && equalBytes(a, b);

/** Whether the entry is the one of this very signature; its body's bytes are what the log hashes. */
export function checkEntryBody(entry: ForeignLogEntry, signed: Signed): Step<Uint8Array> {
  const name = `${entry.kindVersion.kind} ${entry.kindVersion.version}`;
  const reader = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
  const body = fromBase64(entry.canonicalizedBody);
  if (body === null) return stop("log.entry", "the log entry is not strict base64");
  if (reader === undefined) return stop("log.entry", `a log entry of kind ${name} is not read here`);
  const named = reader(body, signed);
  if (typeof named === "string") return stop("log.entry", named);
  if (!same(named.digest, named.wanted)) return stop("log.entry", "the log entry is about other content");
  if (!same(named.signature, signed.signature)) return stop("log.entry", "the log entry holds another signature");
  if (!same(named.spki, signed.spki)) return stop("log.entry", "the log entry holds another key");
  return pass(body);
}
