/**
 * A log entry names a certificate. The library compares signature and digest
 * with the bundle and not that; for a given signature somebody else's key can
 * be made under which it verifies too, and an entry of that key would hide the
 * signing from who watches the log for their own.
 */
import { X509Certificate } from "node:crypto";
import type { TransparencyLogEntry } from "@sigstore/bundle";
import { Type, type Static, type TSchema } from "@sinclair/typebox";
import { readForeign } from "../../verifier/schema.ts";
import { SIGSTORE_BYTES_MAX } from "../../verifier/sigstore.ts";
import { Refusal } from "./refusal.ts";

/** An entry of kind `intoto` holds the whole payload. */
const LIMITS = { bytes_max: SIGSTORE_BYTES_MAX, depth_max: 24 } as const;

/** Rekor's version 2 (rekor_v2.proto, `Verifier`). */
const Verifier = Type.Object({ x509Certificate: Type.Object({ rawBytes: Type.String() }) });
const one = <T extends TSchema>(items: T) => Type.Array(items, { minItems: 1, maxItems: 1 });

/** Rekor's version 1 writes PEM in base64. */
const PEM = /^\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/;

function fromPem(text: string): Buffer | null {
  const pem = Buffer.from(text, "base64").toString("latin1");
  return PEM.test(pem) ? new X509Certificate(pem).raw : null;
}
const fromVerifier = ({ x509Certificate }: Static<typeof Verifier>): Buffer => Buffer.from(x509Certificate.rawBytes, "base64");

type Reader = (body: Uint8Array) => Buffer | null;

function kind<T extends TSchema>(schema: T, named: (body: Static<T>) => Buffer | null): Reader {
  return (body) => {
    const read = readForeign(schema, body, LIMITS);
    if ("because" in read) throw new Refusal("log.entry", `the log entry: ${read.because}`);
    return named(read.value);
  };
}
const spec = <T extends TSchema>(inner: T) => Type.Object({ spec: inner });

const READERS: Readonly<Record<string, Reader>> = {
  "hashedrekord 0.0.1": kind(spec(Type.Object({ signature: Type.Object({ publicKey: Type.Object({ content: Type.String() }) }) })), (body) => fromPem(body.spec.signature.publicKey.content)),
  "hashedrekord 0.0.2": kind(spec(Type.Object({ hashedRekordV002: Type.Object({ signature: Type.Object({ verifier: Verifier }) }) })), (body) => fromVerifier(body.spec.hashedRekordV002.signature.verifier)),
  "dsse 0.0.1": kind(spec(Type.Object({ signatures: one(Type.Object({ verifier: Type.String() })) })), ({ spec: { signatures: [only] } }) => (only === undefined ? null : fromPem(only.verifier))),
  "dsse 0.0.2": kind(spec(Type.Object({ dsseV002: Type.Object({ signatures: one(Type.Object({ verifier: Verifier })) }) })), ({ spec: { dsseV002: { signatures: [only] } } }) => (only === undefined ? null : fromVerifier(only.verifier))),
  "intoto 0.0.2": kind(spec(Type.Object({ content: Type.Object({ envelope: Type.Object({ signatures: one(Type.Object({ publicKey: Type.String() })) }) }) })), ({ spec: { content: { envelope: { signatures: [only] } } } }) => (only === undefined ? null : fromPem(only.publicKey))),
};

/** Throws where the entry, already known to be logged, is of another certificate than the one that signed the bundle. */
export function checkEntryCertificate({ kindVersion, canonicalizedBody }: TransparencyLogEntry, leaf: Buffer): void {
  const name = `${kindVersion.kind} ${kindVersion.version}`;
  const reader = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
  if (reader === undefined) throw new Refusal("log.entry", `a log entry of kind ${name} is not read here`);
  if (reader(canonicalizedBody)?.equals(leaf) !== true) throw new Refusal("log.entry", "the log entry holds another certificate");
}
